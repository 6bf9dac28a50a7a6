//! What the benchmarks share: words on the command line, what they tell and keep, workloads, the
//! machine's own pulse, and the program itself.

pub mod arguments;
pub mod cores;
pub mod crowd;
pub mod mapped;
pub mod matching;
pub mod pulse;
pub mod report;
pub mod rings;
pub mod road;
pub mod server;
pub mod workload;

/// What every table starts with: the processor and the kernel it ran on.
pub fn machine() -> String {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("unknown processor", |line| line.trim_start_matches([' ', '\t', ':']));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{model}, {cores} cores, Linux {}", read("/proc/sys/kernel/osrelease").trim())
}
