// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QFutureWatcher>
#include <QObject>
#include <QPromise>
#include <QtConcurrent>

#include <functional>
#include <optional>
#include <stop_token>
#include <utility>

namespace flopcast {

/// Work on another thread of which only the newest counts. A request that comes while one runs asks
/// that one to stop and waits for it; what waited before is forgotten. Lives on the GUI's thread.
template <class Result> class LatestJob {
public:
  /// Nothing where the work gave up because its token told it to.
  using Work = std::function<std::optional<Result>(std::stop_token)>;

  /// `done` is called on this thread with each result.
  explicit LatestJob(std::function<void(const Result &)> done) : done_(std::move(done)) {
    QObject::connect(&watcher_, &QFutureWatcherBase::finished, &watcher_, [this] { finish(); });
  }
  LatestJob(const LatestJob &) = delete;
  LatestJob &operator=(const LatestJob &) = delete;
  ~LatestJob() {
    watcher_.disconnect();
    cancel();
    watcher_.waitForFinished();
  }

  void start(Work work) {
    waiting_ = std::move(work);
    if (running_)
      stop_.request_stop();
    else
      launch();
  }

  void cancel() {
    waiting_.reset();
    stop_.request_stop();
  }

  [[nodiscard]] bool busy() const { return running_; }

private:
  void launch() {
    running_ = true;
    stop_ = {};
    watcher_.setFuture(QtConcurrent::run(
        [work = std::move(*waiting_), token = stop_.get_token()](QPromise<Result> &promise) {
          if (std::optional<Result> result = work(token))
            promise.addResult(std::move(*result));
        }));
    waiting_.reset();
  }

  void finish() {
    running_ = false;
    const QFuture<Result> future = watcher_.future();
    if (waiting_)
      launch();
    if (future.resultCount() > 0)
      done_(future.result());
  }

  std::function<void(const Result &)> done_;
  QFutureWatcher<Result> watcher_;
  std::stop_source stop_;
  std::optional<Work> waiting_;
  bool running_ = false;
};

} // namespace flopcast
