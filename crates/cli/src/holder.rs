//! The name of this process as the holder of a lease, by which a later process on this machine can tell that it has ended. A
//! process that was killed gives nothing back; whoever goes on need not wait for the end of its lease where it is surely gone.
//!
//! Only Linux tells enough (`/proc`): the boot, the namespace of process ids, the id and when the process was started. Elsewhere
//! a lease ends by itself.

use keysweep_aws::SystemClock;

use crate::ids::new_id;

/// Where a process runs, and which it is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Process {
    boot: String,
    namespace: String,
    id: u32,
    /// In clock ticks since the boot: an id is given again after a while.
    started: u64,
}

/// The name of this process: one that no other has.
pub fn name(clock: &SystemClock) -> String {
    let id = new_id(clock);
    match own() {
        Some(Process { boot, namespace, id: process, started }) => {
            format!("{id} process {process} started {started} in {namespace} of boot {boot}")
        }
        None => id,
    }
}

/// Whether the process of this name is known to have ended. Where that cannot be told, it is not known.
pub fn has_ended(name: &str) -> bool {
    let (Some(holder), Some(own)) = (parse(name), own()) else { return false };
    holder.boot == own.boot && holder.namespace == own.namespace && {
        match std::fs::read_to_string(format!("/proc/{}/stat", holder.id)) {
            Ok(stat) => started(&stat).is_some_and(|(state, at)| at != holder.started || state == "Z"),
            Err(error) => error.kind() == std::io::ErrorKind::NotFound,
        }
    }
}

fn own() -> Option<Process> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = std::fs::read_link("/proc/self/ns/pid").ok()?;
    let (_, started) = started(&std::fs::read_to_string("/proc/self/stat").ok()?)?;
    Some(Process {
        boot: boot.trim().to_owned(),
        namespace: namespace.to_str()?.to_owned(),
        id: std::process::id(),
        started,
    })
}

/// The state and the start of a process: the fields 3 and 22 of proc(5). The second is a name in brackets, which may hold
/// anything.
fn started(stat: &str) -> Option<(&str, u64)> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    let state = fields.next()?;
    Some((state, fields.nth(18)?.parse().ok()?))
}

fn parse(name: &str) -> Option<Process> {
    let words: Vec<&str> = name.split(' ').collect();
    let [_, "process", id, "started", started, "in", namespace, "of", "boot", boot] = words[..] else {
        return None;
    };
    Some(Process {
        boot: boot.to_owned(),
        namespace: namespace.to_owned(),
        id: id.parse().ok()?,
        started: started.parse().ok()?,
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn only_a_process_that_is_surely_gone_has_ended() {
        let name = name(&SystemClock::new());
        assert_eq!(parse(&name), own());
        assert!(!has_ended(&name), "this one runs");
        let own = own().unwrap();
        let with = |from: String, to: String| name.replacen(&from, &to, 1);
        // The id was given to another process since.
        assert!(has_ended(&with(format!("started {}", own.started), format!("started {}", own.started + 1))));
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let id = child.id();
        child.wait().unwrap();
        assert!(has_ended(&with(format!("process {}", own.id), format!("process {id}"))));
        // Of other machines, boots and namespaces nothing is known here.
        assert!(!has_ended(&with(format!("boot {}", own.boot), "boot other".to_owned())));
        assert!(!has_ended(&with(own.namespace, "pid:[1]".to_owned())));
        for text in ["", "20261123T071200Z-9f86d081", "x process y started z in n of boot b"] {
            assert!(!has_ended(text), "{text}");
        }
    }

    #[test]
    fn a_name_with_brackets_and_spaces_is_read_past() {
        let stat = format!("7 (a) b ) S {} 12345 0 0\n", ["1"; 18].join(" "));
        assert_eq!(started(&stat), Some(("S", 12345)));
        assert_eq!(started("7 (x) S 1"), None);
    }
}
