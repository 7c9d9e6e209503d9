//! The fourth step: writes the files of a finished run. `result.json` comes last and means that the run is finished.

use super::evaluate::{self, Evaluation, Shown};
use super::prepare::Prepared;
use super::result::run_result;
use super::train::Trained;
use crate::error::Result;
use crate::report::{ATTENTION, EMBEDDINGS, RANKINGS};
use crate::run::{Manifest, Meter, QUERIES, Run, RunFacts, RunResult};

/// Compares the data with those of the beginning. Writes what the report shows, then `manifest.json`, then `result.json`.
///
/// # Errors
/// [`Error::Data`] naming the file that cannot be written; [`Error::User`] if the data changed while the run was computed; [`Error::Lost`] if another
/// process has taken the run over.
pub(super) fn save(
    prepared: &Prepared,
    trained: &Trained,
    evaluation: Evaluation,
    meter: &Meter,
) -> Result<RunResult> {
    let run = &prepared.run;
    let Evaluation { scores, queries, shown } = evaluation;
    prepared.data.check_unchanged(run, prepared.begun(), &prepared.library, &prepared.stop)?;
    let result = run_result(prepared, &trained.model, &scores);
    run.write_line(QUERIES, &queries)?;
    write_examples(run, &shown)?;
    let facts = RunFacts {
        device: prepared.device_name.clone(),
        seed: prepared.experiment.seed,
        benchmark: prepared.benchmark.clone(),
        data: prepared.library.fingerprints(),
        weights: prepared.start.sha256.clone(),
        predicted_memory: trained.model.predicted_memory.map(|bytes| bytes >> 20),
        predicted_flops: trained.model.predicted_flops,
        predicted_seconds: trained.model.predicted_seconds,
        waiting_for_data: trained.model.waiting_for_data,
        seconds: meter.seconds(),
    };
    run.write("manifest.json", &Manifest::collect(facts, meter))?;
    run.write("result.json", &result)?;
    evaluate::forget(run)?;
    Ok(result)
}

/// Writes the examples that the report draws.
fn write_examples(run: &Run, shown: &Shown) -> Result<()> {
    run.write(RANKINGS, &shown.rankings)?;
    if let Some(embeddings) = &shown.embeddings {
        run.write_line(EMBEDDINGS, embeddings)?;
    }
    if let Some(attention) = &shown.attention {
        run.write_line(ATTENTION, attention)?;
    }
    Ok(())
}
