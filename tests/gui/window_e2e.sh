#!/usr/bin/env bash
# The dashboard in a real window: opens a plan, moves a slider, pins, compares, exports, switches
# theme and language, quits and comes back as it was. What it shows is held against what the command
# line prints.
#   window_e2e.sh FLOPCAST-GUI FLOPCAST
set -euo pipefail
gui=$1
flopcast=$2
plan=gpt3-175b-a100

work=$(mktemp -d)
export HOME=$work XDG_CONFIG_HOME=$work/config XDG_RUNTIME_DIR=$work QT_QPA_PLATFORM=xcb LC_ALL=C.UTF-8
export FLOPCAST_PRESETS= QT_LOGGING_RULES='*.debug=false'
settings=$XDG_CONFIG_HOME/flopcast/gui.ini
autosave=$XDG_CONFIG_HOME/flopcast/autosave-0.json
started=()
finish() {
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap finish EXIT

fail() {
  echo "FAILED: $*" >&2
  tail -n 40 "$work/stderr" >&2 || true
  import -window root "$PWD/window_e2e.png" 2>/dev/null && echo "see $PWD/window_e2e.png" >&2
  exit 1
}
# until_true WHAT COMMAND…: tries for twenty seconds.
until_true() {
  local what=$1
  shift
  for _ in $(seq 200); do
    if "$@" 2>/dev/null; then return; fi
    sleep 0.1
  done
  fail "$what"
}
keys() { xdotool key --clearmodifiers "$@"; }
quiet() { "$@" >/dev/null; }
manages_windows() { [ "$(xdotool get_num_desktops)" -gt 0 ]; }
shows() { xdotool search --name "$1" >/dev/null; }
gone() { ! xdotool search --name "$1" >/dev/null; }
holds() { grep -q -- "$2" "$1"; }

Xvfb -displayfd 3 -screen 0 1280x800x24 -nolisten tcp -noreset 3>"$work/display" 2>/dev/null &
started+=($!)
until_true "Xvfb starts" test -s "$work/display"
DISPLAY=:$(cat "$work/display")
export DISPLAY
until_true "the display answers" quiet xdotool getdisplaygeometry
openbox 2>/dev/null &
started+=($!)
until_true "the window manager answers" manages_windows

start_gui() {
  "$gui" "$@" 2>"$work/stderr" &
  window_pid=$!
  started+=("$window_pid")
  until_true "the window shows the plan" shows '^GPT-3 175B on 1,024 A100'
  xdotool search --name '^GPT-3 175B on 1,024 A100' windowactivate --sync
}
# save_as KEYS FILE: a command that asks for a file; the dialog gets its full path.
save_as() {
  keys "$1"
  until_true "a dialog for $2" shows '^(Export|导出)'
  keys ctrl+a
  xdotool type --delay 5 "$2"
  keys Return
  until_true "$2 is written" test -s "$2"
  until_true "the dialog closes" gone '^(Export|导出)'
}
palette() {
  keys ctrl+k
  sleep 0.5
  xdotool type --delay 20 "$1"
  sleep 0.3
  keys Return
}

start_gui $plan
save_as ctrl+e "$work/before.csv"
diff "$work/before.csv" <("$flopcast" estimate $plan --format csv) || fail "numbers of the plan"

keys ctrl+p
keys ctrl+f
xdotool type --delay 20 micro_batch
keys Return      # to the box of the only field left
keys shift+Tab   # to its slider
keys Right       # twice the micro-batch
until_true "the slider changes the plan" holds "$autosave" 'training.micro_batch=2'
save_as ctrl+e "$work/after.csv"
diff "$work/after.csv" <("$flopcast" estimate $plan --set training.micro_batch=2 --format csv) ||
  fail "numbers after the slider"
cmp -s "$work/before.csv" "$work/after.csv" && fail "the slider changed nothing"

keys ctrl+p
keys ctrl+8
mkdir "$work/plots"
keys ctrl+shift+e
until_true "a dialog for the plots" shows '^(Export|导出)'
keys ctrl+a
xdotool type --delay 5 "$work/plots/all.svg"
keys Return
until_true "the comparison is exported" test -s "$work/plots/comparison.svg"
until_true "all plots are exported" test -s "$work/plots/step.svg" -a -s "$work/plots/cost.svg"

palette 'theme dark'
palette 'zh_CN'
keys ctrl+q
until_true "the window closes" gone 'A100'
wait "$window_pid" || fail "the program ended with $?"
holds "$settings" 'theme=dark' || fail "the theme is remembered"
holds "$settings" 'language=zh_CN' || fail "the language is remembered"
holds "$settings" 'page=compare' || fail "the page is remembered"
[ ! -e "$autosave" ] || fail "an orderly end leaves no autosave"

start_gui
save_as ctrl+e "$work/again.csv"
cmp "$work/after.csv" "$work/again.csv" || fail "it comes back with the same numbers"
keys ctrl+q
until_true "the window closes again" gone 'A100'
wait "$window_pid" || fail "the program ended with $?"
echo "passed"
