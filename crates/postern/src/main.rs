//! The program: command line, wiring, output. The only crate that knows all others.
//!
//! Start reading at [`commands`]: one file per subcommand holds its arguments, its help and its run.

mod commands;
mod failure;
mod meter;
mod output;
mod places;
mod report;
mod scratch;
mod screen;
mod text;
mod watch;

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use clap::{ColorChoice, CommandFactory, FromArgMatches};
use tokio::sync::oneshot;

use commands::{Arguments, Command};
use failure::{Code, Failure};
use screen::Screen;

/// Queries allocate and free large buffers from many threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Stack of the thread that runs a command: plans of deeply nested queries are walked recursively.
const STACK: usize = 64 << 20;
/// How long a stopped command may take to put its things away.
const GRACE: Duration = Duration::from_secs(5);
/// How long the program waits at its end for computations that nobody waits for any more.
const LINGER: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    let no_colour = std::env::args_os().any(|argument| argument == "--no-color");
    let colour = if no_colour { ColorChoice::Never } else { ColorChoice::Auto };
    let parsed = Arguments::command()
        .color(colour)
        .try_get_matches()
        .and_then(|mut matches| Arguments::from_arg_matches_mut(&mut matches));
    let arguments = match parsed {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version go to standard output, which may be closed: that is no error.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let globals = arguments.globals;
    let screen = Screen::new(globals.no_color, globals.quiet, globals.verbose);
    let result = match arguments.command {
        // Nothing to wait for: no runtime is started.
        Command::Tables(tables) if globals.data.is_none() => commands::tables::describe(&tables),
        command => run(command, globals, screen),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.show(&screen);
            failure.exit_code()
        }
    }
}

/// Runs a command on a thread of its own and stops it when the user asks.
fn run(command: Command, globals: commands::Globals, screen: Screen) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_stack_size(STACK)
        .enable_all()
        .build()
        .map_err(|error| Failure::run(Code::Execution, format!("cannot start: {error}")))?;
    let handle = runtime.handle().clone();
    let (prompts, sentence) = (command.prompts(), command.when_stopped());
    let (stop, stopped) = oneshot::channel::<()>();
    let (done, mut result) = oneshot::channel();
    let thread = std::thread::Builder::new()
        .name("command".to_owned())
        .stack_size(STACK)
        .spawn(move || {
            let outcome = handle.block_on(async {
                tokio::select! {
                    outcome = commands::run(command, &globals, &screen) => outcome,
                    // Dropping the command drops the store with it: locks are let go, temporary folders removed.
                    Ok(()) = stopped => Err(Failure::interrupted(sentence)),
                }
            });
            // The receiver is gone only when the program already ended.
            let _ = done.send(outcome);
        })
        .map_err(|error| Failure::run(Code::Execution, format!("cannot start: {error}")))?;
    let ended = |ended: Result<Result<(), Failure>, _>| {
        ended.unwrap_or_else(|_: oneshot::error::RecvError| Err(Failure::bug("the command stopped unexpectedly")))
    };
    // A clock and signals of its own: the command may keep all threads of the other one busy.
    let waiting = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::run(Code::Execution, format!("cannot start: {error}")))?;
    let outcome = waiting.block_on(async {
        tokio::select! {
            outcome = &mut result => Some(ended(outcome)),
            _ = asked_to_stop(prompts) => {
                let _ = stop.send(());
                tokio::select! {
                    outcome = result => Some(ended(outcome)),
                    _ = asked_to_stop(prompts) => None,
                    () = tokio::time::sleep(GRACE) => None,
                }
            }
        }
    });
    if outcome.is_some() {
        // A panic there is in the outcome.
        let _ = thread.join();
        runtime.shutdown_timeout(LINGER);
    } else {
        // Their threads are busy and end with the program. They are not detached: a thread that ends at that moment
        // would take the program with it (<https://sourceware.org/bugzilla/show_bug.cgi?id=19951>).
        std::mem::forget((thread, runtime));
    }
    scratch::clear();
    outcome.unwrap_or_else(|| Err(Failure::interrupted(sentence)))
}

/// Waits for Ctrl-C or, on Unix, a request to end. A command with a prompt takes Ctrl-C itself.
async fn asked_to_stop(prompts: bool) -> io::Result<()> {
    let interrupt = async { if prompts { std::future::pending().await } else { tokio::signal::ctrl_c().await } };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            outcome = interrupt => outcome,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    interrupt.await
}
