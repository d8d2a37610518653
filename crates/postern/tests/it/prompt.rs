//! The prompt of `postern hunt`, in a terminal made by `script`; without that program the tests print a line and pass.

#![cfg(target_os = "linux")]

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The program in a terminal.
struct Terminal {
    child: Child,
    screen: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    /// Starts `postern hunt`; `None` where no terminal can be made.
    fn start(state: &Path) -> Option<Self> {
        if Command::new("script").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
            println!("skipped: there is no `script`");
            return None;
        }
        let program = env!("CARGO_BIN_EXE_postern");
        // Without `exec` a shell may stay in between, and end by the Ctrl-C meant for the program.
        let mut child = Command::new("script")
            .args(["-q", "-e", "-c", &format!("exec '{program}' hunt --timeout 5m"), "/dev/null"])
            .env("SHELL", "/bin/sh")
            .env("XDG_STATE_HOME", state)
            .env("TERM", "xterm")
            .env("TMPDIR", state)
            .env_remove("NO_COLOR")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let screen = Arc::new(Mutex::new(Vec::new()));
        let (mut output, written) = (child.stdout.take().unwrap(), Arc::clone(&screen));
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                written.lock().unwrap().extend_from_slice(&buffer[..count]);
            }
        });
        Some(Self { child, screen })
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.screen.lock().unwrap()).into_owned()
    }

    #[track_caller]
    fn wait_for(&self, text: &str) {
        let started = Instant::now();
        while !self.shown().contains(text) {
            assert!(started.elapsed() < Duration::from_secs(60), "no `{text}` in {:?}", self.shown());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until nothing new has been shown for a while.
    fn settle(&self) {
        let mut before = usize::MAX;
        loop {
            let now = self.screen.lock().unwrap().len();
            if now == before {
                return;
            }
            before = now;
            std::thread::sleep(Duration::from_secs(3));
        }
    }

    fn keys(&mut self, keys: &str) {
        let input = self.child.stdin.as_mut().unwrap();
        input.write_all(keys.as_bytes()).unwrap();
        input.flush().unwrap();
    }

    /// Ctrl-D, and how it ended.
    fn leave(mut self) -> Option<i32> {
        self.keys("\u{4}");
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            if started.elapsed() > Duration::from_secs(30) {
                let _ = self.child.kill();
                return None;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_query_is_asked_and_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut terminal) = Terminal::start(folder.path()) else { return };
    terminal.wait_for("Ctrl-D leaves");
    terminal.keys("print Answer = 6 * 7;\r");
    terminal.wait_for("42");
    terminal.wait_for("1 row");
    terminal.keys("range n from 1 to 7 step 1 | fork Most = (top 1 by n) (summarize Sum = sum(n) * 1000);\r");
    terminal.wait_for("Most (1 of 2)");
    terminal.wait_for("28000");
    terminal.wait_for("2 rows in 2 results");
    // Two lines, ended by an empty one.
    terminal.keys("range x from 1 to 3 step 1\r| summarize Total = sum(x) * 1000\r\r");
    terminal.wait_for("6000");
    terminal.keys("print strlenn('a');\r");
    terminal.wait_for("KQL0103");
    terminal.wait_for("strlen");
    terminal.keys(".schema EmailEvent\r");
    terminal.wait_for("EmailEvents");
    assert_eq!(terminal.leave(), Some(0));
    let file = folder.path().join("postern/history");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let remembered = std::fs::read_to_string(&file).unwrap();
    assert!(remembered.contains("print Answer = 6 * 7;"), "{remembered}");
}

#[test]
fn tab_completes() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut terminal) = Terminal::start(folder.path()) else { return };
    terminal.wait_for("Ctrl-D leaves");
    terminal.keys("EmailPostD\t| where RecipientEm\t== '' | cou\t;\r");
    terminal.wait_for("1 row");
    assert!(!terminal.shown().contains("KQL0"), "{:?}", terminal.shown());
    assert_eq!(terminal.leave(), Some(0));
}

#[test]
fn ctrl_c_stops_the_query_and_not_the_prompt() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut terminal) = Terminal::start(folder.path()) else { return };
    terminal.wait_for("Ctrl-D leaves");
    let rows = "range x from 1 to 60000 step 1 | extend k = 1";
    terminal.keys(&format!("{rows} | join kind=inner ({rows}) on k | summarize sum(x);\r"));
    terminal.settle();
    terminal.keys("\u{3}");
    terminal.wait_for("stopped");
    terminal.keys("half a query\u{3}");
    terminal.settle();
    terminal.keys("print After = 11 * 11;\r");
    terminal.wait_for("121");
    assert_eq!(terminal.leave(), Some(0));
}
