use super::*;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Barrier;

/// Names the run that [`helper_process`] tries to lock.
const RUN: &str = "AIO_TEST_LOCK_RUN";

/// Another process that has tried to lock a run, and keeps the lock until it is killed.
struct Other {
    process: Child,
    has_lock: bool,
}

impl Other {
    fn start(run: &Path) -> Child {
        Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "run::lock::tests::helper_process", "--ignored", "--nocapture"])
            .env(RUN, run)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts")
    }

    fn after_its_attempt(mut process: Child) -> Self {
        let output = BufReader::new(process.stdout.take().expect("piped"));
        let mut lines = output.lines().map_while(std::result::Result::ok);
        let has_lock = lines
            .find_map(|line| line.split_once("has the lock: ").map(|(_, is)| is == "true"))
            .expect("the process says whether it has the lock");
        Self { process, has_lock }
    }

    fn kill(&mut self) {
        self.process.kill().expect("killed");
        self.process.wait().expect("ended");
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
#[ignore = "the other process of the tests below, which start it"]
fn helper_process() {
    let Some(run) = std::env::var_os(RUN) else { return };
    let lock = RunLock::try_acquire(Path::new(&run)).expect("tried");
    writeln!(std::io::stdout(), "has the lock: {}", lock.is_some()).expect("the test reads it");
    // The tests kill this process; standard input ends if they end first.
    let _ = std::io::stdin().read_line(&mut String::new());
}

fn write(run: &Path, holder: &Holder) {
    std::fs::write(run.join(HOLDER), holder.json()).expect("write");
}

#[test]
fn a_run_is_claimed_once_and_a_dead_claim_lapses() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let held = RunLock::try_acquire(directory.path()).expect("taken").expect("free");
    assert!(RunLock::try_acquire(directory.path()).expect("looked").is_none());
    drop(held);
    assert!(Holder::read(directory.path()).is_none(), "released");
    let this = Holder::this_process();
    let silent = Holder { beat: now() - STALE - 1, host: "elsewhere".into(), ..this.clone() };
    let gone = Holder { process: u32::MAX, ..this };
    let elsewhere = Holder { host: "elsewhere".into(), ..gone.clone() };
    for (holder, lapses) in [(silent, true), (gone, true), (elsewhere, false)] {
        write(directory.path(), &holder);
        assert_eq!(Holder::of(directory.path()).is_none(), lapses, "{holder:?}");
        let lock = RunLock::try_acquire(directory.path()).expect("looked");
        assert_eq!(lock.is_some(), lapses, "{holder:?}");
    }
}

#[test]
fn without_locks_of_the_file_system_heartbeats_decide() {
    let fresh = Holder::this_process();
    let silent = Holder { beat: now() - STALE - 1, ..fresh.clone() };
    assert!(fresh.is_working(SystemLock::Unsupported));
    assert!(!silent.is_working(SystemLock::Unsupported));
    // A process that is stopped sends no heartbeats and still holds its lock.
    assert!(silent.is_working(SystemLock::Taken));
}

#[test]
fn a_damaged_claim_of_a_dead_process_does_not_block_the_run() {
    let directory = tempfile::tempdir().expect("temporary directory");
    std::fs::write(directory.path().join(HOLDER), "{\"host\":").expect("write");
    assert!(Holder::of(directory.path()).is_none());
    assert!(RunLock::try_acquire(directory.path()).expect("looked").is_some());
}

#[test]
fn of_many_threads_one_gets_the_run() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let start = Barrier::new(8);
    let attempt = || {
        start.wait();
        RunLock::try_acquire(directory.path()).expect("tried")
    };
    let locks: Vec<Option<RunLock>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(attempt)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert_eq!(locks.iter().flatten().count(), 1);
    drop(locks);
    assert!(RunLock::try_acquire(directory.path()).expect("tried").is_some(), "released");
}

#[test]
fn of_two_processes_one_gets_the_run_and_a_killed_one_is_replaced_at_once() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let run = directory.path();
    let started = [Other::start(run), Other::start(run)];
    let mut others = started.map(Other::after_its_attempt);
    let winners: Vec<&mut Other> = others.iter_mut().filter(|other| other.has_lock).collect();
    assert_eq!(winners.len(), 1);
    let holder = Holder::of(run).expect("it works on the run");
    assert_eq!(holder.process, winners[0].process.id());
    assert!(RunLock::try_acquire(run).expect("tried").is_none(), "a third process waits");
    for other in winners {
        other.kill();
    }
    assert!(Holder::of(run).is_none(), "the holder is dead");
    assert!(RunLock::try_acquire(run).expect("tried").is_some(), "its run is taken over");
}
