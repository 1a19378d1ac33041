//! Facts about the machine and the program, for the first line of a result file.
//!
//! Nothing that names a host, a user or an environment is read.

use std::fs;
use std::path::Path;

use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};

use crate::record::{Machine, RunRecord, SCHEMA, Tool};

/// The machine that this runs on; what cannot be found out is `unknown` or 0.
pub fn machine() -> Machine {
    let wanted = RefreshKind::nothing()
        .with_cpu(CpuRefreshKind::nothing())
        .with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(wanted).ok();
    let cpus = system.as_ref().map_or(&[][..], System::cpus);
    Machine {
        cpu: cpus
            .first()
            .map(|cpu| cpu.brand().trim())
            .filter(|brand| !brand.is_empty())
            .map_or_else(unknown, str::to_string),
        cores_count: cpus.len() as u32,
        memory_bytes: system.as_ref().map_or(0, System::total_memory),
        os: System::long_os_version().unwrap_or_else(|_| unknown()),
        kernel: System::kernel_version().unwrap_or_else(|_| unknown()),
        virtualised: virtualised(Path::new("/")),
    }
}

/// The program: what its build script found out.
pub fn tool() -> Tool {
    Tool {
        version: env!("CARGO_PKG_VERSION").to_string(),
        commit: env!("DEDUP_COMMIT").to_string(),
        dirty: env!("DEDUP_DIRTY") == "true",
        rustc: env!("DEDUP_RUSTC").to_string(),
        profile: env!("DEDUP_PROFILE").to_string(),
    }
}

/// The first line of a run that begins now, here, with this program. Servers are for the caller to add.
pub fn run_starting_now(seed: u64, rounds_count: u32) -> RunRecord {
    RunRecord {
        schema: SCHEMA.to_string(),
        started_at: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        seed,
        rounds_count,
        tool: tool(),
        machine: machine(),
        servers: Default::default(),
        doubts: Vec::new(),
        share: None,
    }
}

fn unknown() -> String {
    "unknown".to_string()
}

/// Whether a hypervisor announces itself, to the CPU's flags (x86) or in `/sys` (others), below `root`.
fn virtualised(root: &Path) -> bool {
    let flagged = fs::read_to_string(root.join("proc/cpuinfo")).is_ok_and(|info| {
        info.lines()
            .filter(|line| line.starts_with("flags"))
            .any(|line| line.split_ascii_whitespace().any(|flag| flag == "hypervisor"))
    });
    flagged || root.join("sys/hypervisor/type").exists() || vendor_is_a_hypervisor(root)
}

fn vendor_is_a_hypervisor(root: &Path) -> bool {
    const VENDORS: [&str; 6] = ["QEMU", "Amazon EC2", "Google", "VMware", "innotek", "Xen"];
    fs::read_to_string(root.join("sys/class/dmi/id/sys_vendor"))
        .is_ok_and(|vendor| VENDORS.iter().any(|known| vendor.starts_with(known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root_with(file: &str, text: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        root
    }

    #[test]
    fn a_hypervisor_is_recognised_by_flag_by_type_or_by_vendor() {
        for (file, text, expected) in [
            ("proc/cpuinfo", "processor : 0\nflags : fpu sse hypervisor lahf_lm\n", true),
            ("proc/cpuinfo", "model name : Hypervisor hypervisor\nflags : fpu sse\n", false),
            ("sys/hypervisor/type", "xen\n", true),
            ("sys/class/dmi/id/sys_vendor", "QEMU\n", true),
            ("sys/class/dmi/id/sys_vendor", "LENOVO\n", false),
        ] {
            assert_eq!(virtualised(root_with(file, text).path()), expected, "{file}: {text}");
        }
    }

    #[test]
    fn the_machine_has_cores_and_memory_and_the_program_a_version() {
        let run = run_starting_now(7, 3);
        assert!(run.machine.cores_count > 0 && run.machine.memory_bytes > 1 << 20);
        assert_eq!(run.tool.version, env!("CARGO_PKG_VERSION"));
        assert!(run.tool.rustc.starts_with("rustc "), "{}", run.tool.rustc);
        assert!(run.started_at.parse::<jiff::Timestamp>().is_ok());
    }

    #[test]
    fn the_host_name_is_in_no_field() {
        let Some(host) = System::host_name().ok().filter(|name| name.len() > 3) else { return };
        let text = serde_json::to_string(&run_starting_now(7, 3)).unwrap();
        assert!(!text.contains(&host));
    }
}
