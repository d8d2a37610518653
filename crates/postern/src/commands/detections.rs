//! `postern detections`: what Postern looks for.

use clap::{Args, Subcommand};
use postern_investigate::Content;
use serde_json::{Value, json};

use crate::failure::{Code, Failure, chain};
use crate::output::{self, Grid};
use crate::report::words::json_word;

/// Arguments of `postern detections`.
#[derive(Debug, Args)]
pub(crate) struct Detections {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the detections with severity and techniques
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

/// Runs `postern detections`.
pub(crate) fn run(command: &Detections) -> Result<(), Failure> {
    let Action::List { json } = &command.action;
    let content = Content::builtin().map_err(|error| Failure::run(Code::Content, chain(&error)))?;
    if *json {
        let all: Vec<Value> = content
            .detections()
            .map(|detection| {
                json!({
                    "id": detection.id,
                    "name": detection.name,
                    "description": detection.description,
                    "severity": detection.severity,
                    "techniques": detection.relevant_techniques,
                })
            })
            .collect();
        return output::print_json(&all);
    }
    let mut grid = Grid::new(["Severity", "Detection", "Techniques", "Id"]);
    for detection in content.detections() {
        grid.row(vec![
            json_word(&detection.severity),
            detection.name.clone(),
            detection.relevant_techniques.join(", "),
            detection.id.clone(),
        ]);
    }
    output::print(&grid.render_lines())
}
