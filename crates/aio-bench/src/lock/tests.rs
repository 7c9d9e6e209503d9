use super::claim::{Claim, Claims, Process};
use super::*;
use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Barrier;

/// Names the directory that [`helper_process`] tries to lock.
const DIRECTORY: &str = "AIO_TEST_LOCK_DIRECTORY";
/// The boot that it pretends to run under, without locks of the operating system.
const BOOT: &str = "AIO_TEST_LOCK_BOOT";

const HEARTBEAT: Duration = Duration::from_millis(50);
const LAPSE: Duration = Duration::from_millis(1500);

/// Short times.
fn terms() -> Terms {
    Terms { heartbeat: HEARTBEAT, lapse: LAPSE, poll: HEARTBEAT, ..Terms::usual() }
}

/// As a process of another host that locks of the operating system do not reach.
fn elsewhere(boot: &str) -> Terms {
    let process = Process { boot: Some(boot.into()), ..Process::this() };
    Terms { process, system_locks: false, ..terms() }
}

fn attempt(directory: &Path, terms: Terms) -> Option<DirectoryLock> {
    let attempt =
        DirectoryLock::acquire_on(directory, WhenTaken::Refuse, &StopFlag::default(), terms);
    match attempt.expect("tried") {
        Attempt::Locked(lock) => Some(lock),
        Attempt::Taken(_) => None,
    }
}

#[test]
fn a_claim_with_the_largest_number_is_named_and_nothing_begins_again_at_0() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let name = format!("lock-{}.json", u64::MAX);
    std::fs::write(directory.path().join(&name), "{}").expect("write");
    let (when, stop) = (WhenTaken::Wait, StopFlag::default());
    let refused = DirectoryLock::acquire_on(directory.path(), when, &stop, terms());
    let error = refused.expect_err("no number is left");
    assert!(error.to_string().contains("the largest number"), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains(&name)));
    assert!(!directory.path().join("lock-000000.json").exists());
}

/// Another process that has tried to lock a directory, and keeps the lock until it is told to end.
struct Other {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Other {
    fn start(directory: &Path, boot: Option<&str>) -> Self {
        let mut process = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "lock::tests::helper_process", "--ignored", "--nocapture"])
            .env(DIRECTORY, directory)
            .envs(boot.map(|boot| (BOOT, boot)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let lines = BufReader::new(process.stdout.take().expect("piped")).lines();
        Self { process, lines }
    }

    /// What the process answers.
    fn answer(&mut self, question: &str) -> bool {
        let prefix = format!("{question}: ");
        self.lines
            .by_ref()
            .map_while(std::result::Result::ok)
            .find_map(|line| line.split_once(&prefix).map(|(_, answer)| answer == "true"))
            .expect("the process answers")
    }

    fn has_lock(&mut self) -> bool {
        self.answer("locked")
    }

    fn still_holds(&mut self) -> bool {
        writeln!(self.process.stdin.as_mut().expect("piped")).expect("asked");
        self.answer("holds")
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.process.id().to_string()]).status();
        assert!(sent.expect("kill").success());
    }

    fn kill(&mut self) {
        self.process.kill().expect("killed");
        self.process.wait().expect("ended");
    }

    /// Closes its input, at which it gives the lock back, and waits for its end.
    fn end(&mut self) {
        drop(self.process.stdin.take());
        assert!(self.process.wait().expect("ended").success());
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
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let terms = std::env::var(BOOT).map_or_else(|_| terms(), |boot| elsewhere(&boot));
    let lock = super::tests::attempt(Path::new(&directory), terms);
    let say = |what: &str, is: bool| {
        writeln!(std::io::stdout(), "{what}: {is}").expect("the test reads it");
    };
    say("locked", lock.is_some());
    // The tests kill this process; standard input ends if they end first.
    while std::io::stdin().read_line(&mut String::new()).is_ok_and(|bytes| bytes > 0) {
        say("holds", lock.as_ref().is_some_and(|lock| lock.fence().holds()));
    }
}

#[test]
fn a_directory_is_locked_once_until_it_is_released_and_the_holder_is_named() {
    let directory = tempfile::tempdir().expect("temporary directory");
    assert_eq!(holder(directory.path()), None);
    let held = attempt(directory.path(), terms()).expect("free");
    let stop = StopFlag::default();
    let taken = DirectoryLock::acquire(directory.path(), WhenTaken::Refuse, &stop);
    let Attempt::Taken(Some(claim)) = taken.expect("tried") else { panic!("it is taken") };
    assert_eq!(claim.process, Process::this());
    assert!(claim.holder().starts_with(&format!("process {} on ", std::process::id())));
    assert_eq!(holder(directory.path()).map(|claim| claim.token), Some(claim.token));
    assert!(held.fence().holds());
    drop(held);
    assert_eq!(holder(directory.path()), None);
    let again = attempt(directory.path(), terms()).expect("released");
    assert!(again.fence().holds());
}

#[test]
fn whoever_waits_stops_at_a_signal() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let _held = attempt(directory.path(), terms()).expect("free");
    let stop = StopFlag::default();
    stop.raise();
    let waited = DirectoryLock::acquire_on(directory.path(), WhenTaken::Wait, &stop, terms());
    assert_eq!(waited.expect_err("stopped").exit_code(), 75);
}

#[test]
fn of_many_threads_one_gets_the_directory() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let start = Barrier::new(8);
    for system_locks in [true, false] {
        let attempt = || {
            start.wait();
            attempt(directory.path(), Terms { system_locks, ..terms() })
        };
        let locks: Vec<Option<DirectoryLock>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(attempt)).collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
        });
        assert_eq!(locks.iter().flatten().count(), 1);
    }
}

#[test]
fn of_two_processes_one_gets_the_directory_and_a_killed_one_is_replaced_at_once() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let path = directory.path();
    let mut others = [Other::start(path, None), Other::start(path, None)];
    let locked = others.each_mut().map(Other::has_lock);
    assert_eq!(locked.iter().filter(|has_lock| **has_lock).count(), 1);
    let winner = &mut others[usize::from(locked[1])];
    let claim = holder(path).expect("it works there");
    assert_eq!(claim.process.number, winner.process.id());
    assert!(attempt(path, terms()).is_none(), "a third process is refused");
    winner.kill();
    assert_eq!(holder(path), None, "the holder is dead");
    let begun = Instant::now();
    // Without locks of the operating system the process number and its start time tell the same.
    let without = Terms { system_locks: false, ..terms() };
    assert!(attempt(path, without).is_some(), "its place is taken");
    assert!(begun.elapsed() < LAPSE);
}

#[test]
fn a_suspended_process_keeps_a_lock_of_the_operating_system() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut other = Other::start(directory.path(), None);
    assert!(other.has_lock());
    other.signal("-STOP");
    std::thread::sleep(LAPSE + HEARTBEAT);
    for system_locks in [true, false] {
        assert!(attempt(directory.path(), Terms { system_locks, ..terms() }).is_none());
    }
    other.signal("-CONT");
    assert!(other.still_holds());
}

#[test]
fn a_suspended_process_of_another_host_is_replaced_and_fenced_off() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut other = Other::start(directory.path(), Some("another boot"));
    assert!(other.has_lock() && other.still_holds());
    assert!(attempt(directory.path(), elsewhere("a third boot")).is_none(), "it has heartbeats");
    other.signal("-STOP");
    let lock = attempt(directory.path(), elsewhere("a third boot")).expect("it seems dead");
    other.signal("-CONT");
    assert!(!other.still_holds(), "it must not write any more");
    std::thread::sleep(4 * HEARTBEAT);
    other.end();
    assert!(lock.fence().holds(), "its end changes nothing");
}

#[test]
fn of_many_processes_one_takes_over_a_dead_claim() {
    for round in 0..3 {
        let directory = tempfile::tempdir().expect("temporary directory");
        let mut dead = Other::start(directory.path(), Some("a dead host"));
        assert!(dead.has_lock());
        dead.kill();
        let boots = ["a", "b", "c", "d", "e"];
        let mut others = boots.map(|boot| Other::start(directory.path(), Some(boot)));
        let locked = others.each_mut().map(Other::has_lock);
        assert_eq!(locked.iter().filter(|has_lock| **has_lock).count(), 1, "round {round}");
    }
}

#[test]
fn clocks_of_other_hosts_decide_nothing() {
    let foreign = Process { boot: Some("another boot".into()), ..Process::this() };
    for shift in [-400_000_000i64, 400_000_000] {
        let directory = tempfile::tempdir().expect("temporary directory");
        let claims = Claims::of(directory.path());
        let text = serde_json::to_value(Claim::new(foreign.clone())).expect("JSON");
        let mut claim = text.clone();
        claim["time"] = (text["time"].as_i64().expect("seconds") + shift).into();
        let mut claim: Claim = serde_json::from_value(claim).expect("a claim");
        assert!(claims.make(1, &claim).expect("made"));
        // A process with a wrong clock that lives.
        let file = directory.path().join("lock-000001.json");
        let lives = AtomicBool::new(true);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while lives.load(Ordering::Relaxed) {
                    std::thread::sleep(HEARTBEAT);
                    claim.beats += 1;
                    let text = serde_json::to_vec(&claim).expect("JSON");
                    fs::write_then_rename(&file, &text).expect("written");
                }
            });
            assert!(attempt(directory.path(), terms()).is_none(), "{shift}");
            lives.store(false, Ordering::Relaxed);
        });
        let begun = Instant::now();
        assert!(attempt(directory.path(), terms()).is_some(), "{shift}");
        assert!(begun.elapsed() >= LAPSE, "{shift}");
    }
}

#[test]
fn files_that_are_no_claims_lapse() {
    for text in ["", "{\"host\":", "[1, 2, 3]"] {
        let directory = tempfile::tempdir().expect("temporary directory");
        std::fs::write(directory.path().join("lock-000007.json"), text).expect("write");
        assert_eq!(holder(directory.path()), None);
        let begun = Instant::now();
        let lock = attempt(directory.path(), terms()).expect("it lapses");
        assert!(begun.elapsed() >= LAPSE && lock.fence().holds());
        assert!(!directory.path().join("lock-000007.json").exists());
    }
}

#[test]
fn a_process_that_looked_long_ago_is_too_late() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let claims = Claims::of(directory.path());
    let claim = Claim::new(Process::this());
    assert!(claims.make(5, &claim).expect("made"));
    assert!(!claims.make(5, &claim).expect("tried"), "taken");
    assert!(!claims.make(4, &claim).expect("tried"), "of the past");
    assert!(claims.counts(5, &claim.token));
    assert_eq!(std::fs::read_dir(directory.path()).expect("listed").count(), 1);
    assert!(claims.make(6, &Claim::new(Process::this())).expect("made"));
    assert!(!claims.counts(5, &claim.token));
}

#[test]
fn a_directory_that_is_removed_with_its_lock_can_be_locked_again() {
    let parent = tempfile::tempdir().expect("temporary directory");
    let directory = parent.path().join("unfinished");
    let lock = attempt(&directory, terms()).expect("free");
    std::fs::write(directory.join("values"), "1 2 3").expect("written");
    lock.remove(&["values", "never-written"]).expect("removed");
    assert!(!directory.exists());
    let lock = attempt(&directory, terms()).expect("free");
    // What is not named stays, and the lock is gone.
    std::fs::write(directory.join("notes.txt"), "mine").expect("written");
    lock.remove(&["values"]).expect("removed");
    let left = std::fs::read_dir(&directory).expect("listed").flatten();
    assert_eq!(left.map(|entry| entry.file_name()).collect::<Vec<_>>(), ["notes.txt"]);
}

#[test]
fn what_a_killed_process_left_is_removed_and_nothing_of_others() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let own = [".result.json.0123456789ab.3.tmp", "checkpoint/.step-1.0123456789ab.0.tmp/model"];
    let foreign = [".draft.tmp", "photos/.backup.tmp", "other/.x.safetensors.0123456789ab.0.tmp"];
    for name in own.iter().chain(&foreign) {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("created");
        std::fs::write(path, "x").expect("written");
    }
    let _lock = attempt(directory.path(), terms()).expect("free");
    assert!(own.iter().all(|name| !directory.path().join(name).exists()));
    for name in foreign {
        assert!(directory.path().join(name).exists(), "{name}");
    }
}
