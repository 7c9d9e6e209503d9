//! `aio tokenize`.

use crate::harness::Desk;
use std::process::Stdio;

#[test]
fn captions_become_77_ids_a_line() {
    let desk = Desk::new();
    let mut child = desk
        .command(&["tokenize", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let text = format!("a man in a red coat\n\n{}\n", "word ".repeat(100));
    std::io::Write::write_all(&mut child.stdin.take().expect("stdin"), text.as_bytes())
        .expect("write");
    let output = child.wait_with_output().expect("exits");
    let lines: Vec<Vec<u32>> = String::from_utf8(output.stdout)
        .expect("UTF-8")
        .lines()
        .map(|l| serde_json::from_str(l).expect("JSON"))
        .collect();
    assert!(lines.len() == 3 && lines.iter().all(|l| l.len() == 77));
    assert_eq!(lines[0][..8], [49406, 320, 786, 530, 320, 736, 7356, 49407]);
    assert_eq!(lines[1][..3], [49406, 49407, 0]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("3 captions, 1 cut off at 77 ids"), "{stderr}");
}
