//! Attacks on the real binary: kills, power cuts, failing disks, exhausted limits, moved clocks, floods.
