//! Mutates queries and exports until something panics, hangs, takes too much memory or contradicts itself.
//!
//! One process watches, another works: what ends the worker (a stack overflow, a hang) is a finding too, and the next
//! worker goes on with another seed. See README.md.

mod corpus;
mod coverage;
mod dice;
mod mutate;
mod targets;
mod tokens;

use std::collections::BTreeSet;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use coverage::Coverage;
use dice::Dice;
use targets::{Kind, Target};

/// Processor time after which an input counts as a hang.
const HANG: Duration = Duration::from_secs(30);
/// Resident memory in bytes after which an input counts as a bomb.
const MEMORY: u64 = 3 << 30;
/// Exit code of a worker that stopped itself over a hang or a bomb.
const STOPPED: i32 = 70;

/// What the last panic said.
static PANIC: Mutex<String> = Mutex::new(String::new());
/// Processor time at which the present input began, in microseconds; 0 between inputs.
static BEGAN: AtomicU64 = AtomicU64::new(0);

struct Arguments {
    kind: Kind,
    seconds: u64,
    seed: u64,
    work: PathBuf,
    worker: bool,
    inputs: Vec<PathBuf>,
}

fn arguments() -> Result<Arguments, String> {
    let mut words = std::env::args().skip(1);
    let kind =
        words.next().as_deref().and_then(Kind::from_name).ok_or("first comes a target: syntax, plan, run, formats")?;
    let work = std::env::temp_dir().join("postern-fuzz");
    let mut arguments = Arguments { kind, seconds: 60, seed: 1, work, worker: false, inputs: Vec::new() };
    while let Some(word) = words.next() {
        let mut number = || words.next().and_then(|n| n.parse().ok()).ok_or(format!("{word} needs a number"));
        match word.as_str() {
            "--seconds" => arguments.seconds = number()?,
            "--seed" => arguments.seed = number()?,
            "--work" => arguments.work = words.next().ok_or("--work needs a folder")?.into(),
            "--worker" => arguments.worker = true,
            file => arguments.inputs.push(file.into()),
        }
    }
    Ok(arguments)
}

fn main() -> ExitCode {
    let arguments = match arguments() {
        Ok(arguments) => arguments,
        Err(message) => {
            eprintln!("{message}\nusage: postern-fuzz TARGET [--seconds N] [--seed N] [--work FOLDER] [INPUT…]");
            return ExitCode::from(2);
        }
    };
    std::fs::create_dir_all(arguments.work.join("findings")).expect("the work folder can be made");
    if !arguments.inputs.is_empty() {
        return replay(&arguments);
    }
    if arguments.worker { work(&arguments) } else { watch(&arguments) }
}

/// Tries single files and says what comes of them.
fn replay(arguments: &Arguments) -> ExitCode {
    let mut target = Target::new(arguments.kind, &arguments.work);
    let mut bad = false;
    for path in &arguments.inputs {
        let input = std::fs::read(path).expect("the input can be read");
        let begin = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| target.try_input(&input)));
        match outcome {
            Ok(None) => println!("{}: fine, {:?}", path.display(), begin.elapsed()),
            Ok(Some((key, message))) => {
                println!("{}: {key}\n{message}", path.display());
                bad = true;
            }
            Err(_) => {
                println!("{}: panic", path.display());
                bad = true;
            }
        }
    }
    ExitCode::from(u8::from(bad))
}

/// Starts workers, one after the other, until the time is over.
fn watch(arguments: &Arguments) -> ExitCode {
    let begin = Instant::now();
    let mut seed = arguments.seed;
    let mut ended_badly = 0;
    while begin.elapsed().as_secs() < arguments.seconds {
        let left = arguments.seconds - begin.elapsed().as_secs();
        let status = Command::new(std::env::current_exe().expect("the program's own path"))
            .args([arguments.kind.name(), "--worker", "--seconds", &left.to_string(), "--seed", &seed.to_string()])
            .arg("--work")
            .arg(&arguments.work)
            .status()
            .expect("a worker can be started");
        if !status.success() {
            ended_badly += 1;
            let what = if status.code() == Some(STOPPED) { "hang-or-bomb" } else { "crash" };
            let input = std::fs::read(arguments.work.join(current(arguments.kind))).unwrap_or_default();
            keep(&arguments.work, arguments.kind, what, &format!("{status} with seed {seed}"), &input);
            if ended_badly > 200 {
                break;
            }
        }
        seed += 1;
    }
    let findings = corpus::files(&arguments.work.join("findings"));
    let own = findings.iter().filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(arguments.kind.name()) && !name.ends_with(".txt")
    });
    let count = own.count();
    println!(
        "{}: {} s, {ended_badly} workers ended badly, {count} findings in {}",
        arguments.kind.name(),
        begin.elapsed().as_secs(),
        arguments.work.display()
    );
    ExitCode::from(u8::from(count > 0))
}

fn current(kind: Kind) -> String {
    format!("current-{}", kind.name())
}

/// Writes a finding down: the input, and beside it what it does.
fn keep(work: &Path, kind: Kind, class: &str, message: &str, input: &[u8]) {
    let sum = input
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    let class: String = class.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(40).collect();
    let name = format!("{}-{class}-{sum:016x}", kind.name());
    let folder = work.join("findings");
    let _ = std::fs::write(folder.join(&name), input);
    let _ = std::fs::write(folder.join(format!("{name}.txt")), message);
}

/// Processor time and resident memory of this process.
fn usage() -> (Duration, u64) {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<u64> =
        stat.rsplit(')').next().unwrap_or_default().split_whitespace().map(|f| f.parse().unwrap_or(0)).collect();
    let ticks = fields.get(11).unwrap_or(&0) + fields.get(12).unwrap_or(&0);
    (Duration::from_millis(ticks * 10), fields.get(21).unwrap_or(&0) * 4096)
}

/// Ends the process when an input takes too long or too much.
fn guard() {
    loop {
        std::thread::sleep(Duration::from_millis(200));
        let began = BEGAN.load(Ordering::Relaxed);
        let (time, memory) = usage();
        let hangs = began > 0 && time.as_micros() as u64 > began + HANG.as_micros() as u64;
        if hangs || memory > MEMORY {
            eprintln!("{}: {time:?} of processor time, {} MiB", if hangs { "hang" } else { "bomb" }, memory >> 20);
            std::process::exit(STOPPED);
        }
    }
}

struct Worker {
    target: Target,
    work: PathBuf,
    kind: Kind,
    known: BTreeSet<String>,
    /// Inputs that ended a worker before.
    fatal: BTreeSet<Vec<u8>>,
    runs: u64,
}

impl Worker {
    /// Tries an input; true when it is a new finding.
    fn try_input(&mut self, input: &[u8]) -> Option<(String, String)> {
        if self.fatal.contains(input) {
            return None;
        }
        self.runs += 1;
        let _ = std::fs::write(self.work.join(current(self.kind)), input);
        BEGAN.store((usage().0.as_micros() as u64).max(1), Ordering::Relaxed);
        let target = &mut self.target;
        let outcome = catch_unwind(AssertUnwindSafe(|| target.try_input(input)));
        BEGAN.store(0, Ordering::Relaxed);
        match outcome {
            Ok(outcome) => outcome,
            Err(_) => {
                self.target = Target::new(self.kind, &self.work);
                let message = PANIC.lock().map(|m| m.clone()).unwrap_or_default();
                Some((format!("panic: {}", message.lines().next().unwrap_or_default()), message))
            }
        }
    }

    fn record(&mut self, input: &[u8], key: String, message: &str) {
        if !self.known.insert(key.clone()) {
            return;
        }
        let small = self.smaller(input, &key);
        eprintln!("finding {key}\n  {}", String::from_utf8_lossy(&small[..small.len().min(300)]).replace('\n', "\n  "));
        keep(&self.work, self.kind, &key, message, &small);
        let list = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.work.join(format!("known-{}", self.kind.name())));
        if let Ok(mut list) = list {
            let _ = writeln!(list, "{}", key.replace('\n', " "));
        }
    }

    /// Leaves out what the finding does not need.
    fn smaller(&mut self, input: &[u8], key: &str) -> Vec<u8> {
        let mut pieces: Vec<String> = match std::str::from_utf8(input) {
            Ok(text) if self.kind != Kind::Formats => tokens::tokens(text),
            _ => return input.to_vec(),
        };
        let begin = Instant::now();
        let mut length = pieces.len() / 2;
        while length > 0 && begin.elapsed() < Duration::from_secs(60) {
            let mut at = 0;
            while at < pieces.len() && begin.elapsed() < Duration::from_secs(60) {
                let mut fewer = pieces.clone();
                fewer.drain(at..(at + length).min(pieces.len()));
                match self.try_input(fewer.concat().as_bytes()) {
                    Some((same, _)) if same == key => pieces = fewer,
                    _ => at += length,
                }
            }
            length /= 2;
        }
        pieces.concat().into_bytes()
    }
}

fn work(arguments: &Arguments) -> ExitCode {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(|l| format!("{}:{}", l.file(), l.line())).unwrap_or_default();
        if let Ok(mut last) = PANIC.lock() {
            *last = format!("{place}\n{info}");
        }
    }));
    std::thread::spawn(guard);
    // Plans are walked recursively; the program gives its queries a stack like this.
    let seed = arguments.seed;
    let (kind, work, seconds) = (arguments.kind, arguments.work.clone(), arguments.seconds);
    let thread = std::thread::Builder::new().stack_size(64 << 20).spawn(move || fuzz(kind, work, seconds, seed));
    match thread.map(std::thread::JoinHandle::join) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        _ => ExitCode::from(1),
    }
}

fn fuzz(kind: Kind, work: PathBuf, seconds: u64, seed: u64) {
    let begin = Instant::now();
    let mut dice = Dice::new(seed);
    let queries = corpus::queries();
    let kit = mutate::Kit {
        dictionary: corpus::dictionary(&queries),
        names: corpus::names(&corpus::dictionary(&queries)),
        functions: postern_kql::functions::registry::FUNCTIONS.iter().map(|f| f.info().name.to_owned()).collect(),
    };
    let mut pool: Vec<Vec<u8>> =
        if kind == Kind::Formats { corpus::exports() } else { queries.into_iter().map(String::into_bytes).collect() };
    // What earlier workers of this run found worth keeping.
    let kept = work.join(format!("corpus-{}", kind.name()));
    let _ = std::fs::create_dir_all(&kept);
    let seeds = pool.len();
    pool.extend(corpus::files(&kept).iter().filter_map(|path| std::fs::read(path).ok()));
    let known = std::fs::read_to_string(work.join(format!("known-{}", kind.name()))).unwrap_or_default();
    let known = known.lines().map(str::to_owned).collect();
    let fatal = corpus::files(&work.join("findings"))
        .iter()
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(kind.name())))
        .filter(|path| path.extension().is_none())
        .filter_map(|path| std::fs::read(path).ok())
        .collect();
    let mut worker = Worker { target: Target::new(kind, &work), work, kind, known, fatal, runs: 0 };
    let mut coverage = Coverage::default();
    eprintln!(
        "{}: seed {seed}, {seeds} seeds, {} kept, {} counters",
        kind.name(),
        pool.len() - seeds,
        Coverage::size()
    );
    // Once through what there is, in an order of this seed's own.
    let mut order: Vec<usize> = (0..pool.len()).collect();
    for at in (1..order.len()).rev() {
        order.swap(at, dice.below(at + 1));
    }
    let mut shown = Instant::now();
    let mut log = |worker: &Worker, coverage: &Coverage, pool: usize, always: bool| {
        if always || shown.elapsed() > Duration::from_secs(60) {
            shown = Instant::now();
            let line = format!(
                "{} s, {} runs, {} branches, {pool} inputs, {} findings",
                begin.elapsed().as_secs(),
                worker.runs,
                coverage.branches,
                worker.known.len()
            );
            eprintln!("{line}");
        }
    };
    for at in order {
        if begin.elapsed().as_secs() >= seconds {
            break;
        }
        let input = pool[at].clone();
        if let Some((key, message)) = worker.try_input(&input) {
            worker.record(&input, key.replace('\n', " "), &message);
        }
        coverage.news();
        log(&worker, &coverage, pool.len(), false);
    }
    while begin.elapsed().as_secs() < seconds {
        // What is new is changed more often than what is old.
        let recent = pool.len().min(64);
        let at = if dice.once_in(3) { pool.len() - 1 - dice.below(recent) } else { dice.below(pool.len()) };
        let other = dice.below(pool.len());
        let input = if kind == Kind::Formats {
            mutate::bytes(&pool[at], &pool[other], &mut dice)
        } else {
            let (text, other) = (String::from_utf8_lossy(&pool[at]), String::from_utf8_lossy(&pool[other]));
            mutate::query(&text, &other, &kit, &mut dice).into_bytes()
        };
        let outcome = worker.try_input(&input);
        if let Some((key, message)) = outcome {
            worker.record(&input, key.replace('\n', " "), &message);
        } else if coverage.news() {
            let _ = std::fs::write(kept.join(format!("{seed:04}-{:08}", worker.runs)), &input);
            pool.push(input);
        }
        log(&worker, &coverage, pool.len(), false);
    }
    log(&worker, &coverage, pool.len(), true);
    let runs = std::fs::OpenOptions::new().create(true).append(true).open(worker.work.join("runs.txt"));
    if let Ok(mut runs) = runs {
        let _ = writeln!(
            runs,
            "{} seed {seed}: {} s, {} runs, {} branches",
            kind.name(),
            begin.elapsed().as_secs(),
            worker.runs,
            coverage.branches
        );
    }
}
