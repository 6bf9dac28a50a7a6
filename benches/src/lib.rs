//! What the benchmarks share: workloads, percentiles and the lines they print.
