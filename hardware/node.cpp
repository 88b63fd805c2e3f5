// SPDX-License-Identifier: Apache-2.0
#include "hardware/node.hpp"

#include "hardware/preset_fields.hpp"

namespace flopcast {

Node read_node(const InputValue &root_value, const std::string &id, Diagnostics &diagnostics) {
  using namespace units;
  TableReader root(root_value, "", diagnostics);
  Node node;
  node.id = id;
  node.name = required_text(root, "name", "the node's full name");
  node.provider = required_text(root, "provider", "who sells or rents it");
  node.gpu = required_text(root, "gpu", "a device preset's id");
  node.instance = root.text("instance").value_or("");
  node.provenance = read_provenance(root);
  node.unverified = root.texts("unverified");
  node.caveats = root.texts("caveats");
  (void)root.text("note");
  node.gpus_per_node = root.integer("gpus_per_node", 1, 100'000).value_or(8);
  node.scale_up_domain = root.integer("scale_up_domain", 1, 1'000'000).value_or(node.gpus_per_node);

  TableReader scale_up = root.table("scale_up");
  node.scale_up_topology = required_text(scale_up, "topology", "such as \"NVSwitch all-to-all\"");
  node.scale_up_bandwidth = required_quantity(scale_up, "bandwidth_per_direction",
                                              sane::least_bandwidth, sane::most_bandwidth);
  node.scale_up_latency = required_quantity(scale_up, "latency", 0.0 * second, sane::most_latency);
  (void)read_provenance(scale_up);
  scale_up.finish();

  TableReader scale_out = root.table("scale_out");
  node.scale_out_fabric = required_text(scale_out, "fabric", "such as \"IB NDR\"");
  node.nics = scale_out.integer("nics", 1, 100'000);
  (void)scale_out.quantity("nic_bandwidth", sane::least_bandwidth, sane::most_bandwidth);
  node.scale_out_bandwidth =
      scale_out.quantity("bandwidth_per_gpu", sane::least_bandwidth, sane::most_bandwidth);
  node.scale_out_latency =
      required_quantity(scale_out, "latency", 0.0 * second, sane::most_latency);
  (void)read_provenance(scale_out);
  scale_out.finish();

  if (root.has("host")) {
    TableReader host = root.table("host");
    node.host_memory = host.quantity("memory", sane::least_bytes, sane::most_bytes);
    node.host_memory_bandwidth =
        host.quantity("memory_bandwidth", sane::least_bandwidth, sane::most_bandwidth);
    (void)read_provenance(host);
    host.finish();
  }
  if (root.has("power")) {
    TableReader power = root.table("power");
    node.maximum_power = power.quantity("maximum", 1.0 * watt, sane::most_power);
    node.pue = power.number("pue", 1.0, 10.0);
    (void)read_provenance(power);
    power.finish();
  }
  root.finish();
  return node;
}

Node node_of_links(const Device &device) {
  using namespace units;
  Node node;
  node.name = "unknown node";
  node.gpu = device.id;
  node.scale_up_bandwidth = device.link_bandwidth.value_or(16.0 * gigabyte / second);
  node.scale_up_latency = 10.0 * microsecond;
  node.scale_out_latency = 20.0 * microsecond;
  return node;
}

} // namespace flopcast
