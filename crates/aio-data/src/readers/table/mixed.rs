//! Queries of several modalities from the rows of a table.

use crate::evaluation::{Query, observation};
use crate::{DataError, Result, Sample};
use aio_eval::{Entry, Protocol};
use aio_types::{Camera, Identity, Modality, ModalitySet};
use std::collections::{BTreeMap, BTreeSet};

/// Queries that have a row of every modality of `wanted`, person by person.
///
/// The rows of one query show one person. With `by_camera` those that have a camera also have the same one, because a protocol hides what the query's
/// camera took. A person's queries are as many as the rows of the modality that has the most; the other modalities begin again where their rows end,
/// so that every row is part of a query. People who lack a modality have none.
///
/// # Errors
/// [`DataError::Request`] if a modality has rows with and without a camera, or if only rows of different cameras could be combined.
pub(super) fn queries(rows: &[Sample], wanted: ModalitySet, by_camera: bool) -> Result<Vec<Query>> {
    let mut people: BTreeMap<Identity, Vec<&Sample>> = BTreeMap::new();
    for row in rows.iter().filter(|row| wanted.contains(row.modality) && row.identity.is_known()) {
        people.entry(row.identity).or_default().push(row);
    }
    if !by_camera {
        return Ok(people
            .iter()
            .flat_map(|(who, rows)| of_group(*who, None, rows, wanted))
            .collect());
    }
    for modality in wanted.iter() {
        check_cameras(modality, people.values().flatten().filter(|row| row.modality == modality))?;
    }
    let mut queries = Vec::new();
    let mut of_several_cameras = false;
    for (who, rows) in &people {
        let before = queries.len();
        for camera in cameras(rows) {
            let is_of_it = |row: &&&Sample| row.camera.is_none() || row.camera == camera;
            let rows: Vec<&Sample> = rows.iter().filter(is_of_it).copied().collect();
            queries.extend(of_group(*who, camera, &rows, wanted));
        }
        of_several_cameras |=
            queries.len() == before && !of_group(*who, None, rows, wanted).is_empty();
    }
    if queries.is_empty() && of_several_cameras {
        return Err(DataError::Request {
            problem: format!(
                "no person has query rows of {wanted} with the same camera, whose pictures a protocol with cameras hides"
            ),
            hint: format!(
                "name a protocol without cameras behind the task: .{}",
                Protocol::None.name()
            ),
        });
    }
    Ok(queries)
}

/// The cameras of a person's rows; one that is not known where no row has any.
fn cameras(rows: &[&Sample]) -> Vec<Option<Camera>> {
    let known: BTreeSet<Camera> = rows.iter().filter_map(|row| row.camera).collect();
    if known.is_empty() { vec![None] } else { known.into_iter().map(Some).collect() }
}

/// The queries from rows of one person that may be combined with each other.
fn of_group(
    who: Identity,
    camera: Option<Camera>,
    rows: &[&Sample],
    wanted: ModalitySet,
) -> Vec<Query> {
    let of_modality = |modality: Modality| -> Vec<&Sample> {
        rows.iter().filter(|row| row.modality == modality).copied().collect()
    };
    let parts: Vec<Vec<&Sample>> = wanted.iter().map(of_modality).collect();
    if parts.iter().any(Vec::is_empty) {
        return Vec::new();
    }
    let count = parts.iter().map(Vec::len).max().unwrap_or(0);
    let query = |number: usize| Query {
        entry: Entry { camera, ..Entry::of(who) },
        views: vec![observation(parts.iter().map(|rows| rows[number % rows.len()]))],
    };
    (0..count).map(query).collect()
}

/// Refuses a modality of which some rows have a camera and others have none.
fn check_cameras<'a>(modality: Modality, rows: impl Iterator<Item = &'a &'a Sample>) -> Result<()> {
    let (with, without): (Vec<&Sample>, Vec<&Sample>) =
        rows.copied().partition(|row| row.camera.is_some());
    match without.first() {
        Some(first) if !with.is_empty() => Err(DataError::Request {
            problem: format!(
                "{} {modality} rows of the split `query` have a camera and {} have none, the first of them `{}`; the parts of a mixed query have one camera",
                with.len(),
                without.len(),
                first.content
            ),
            hint: format!(
                "fill in the column `camera`, leave it empty in every {modality} row, or name a protocol without cameras behind the task: .{}",
                Protocol::None.name()
            ),
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Content;

    fn row(who: i64, modality: Modality, camera: Option<i64>, name: &str) -> Sample {
        let content = match modality {
            Modality::Text => Content::Caption(name.to_owned()),
            _ => Content::Image(name.into()),
        };
        Sample { camera: camera.map(Camera), ..Sample::new(who, modality, content) }
    }

    /// Every query as its person, its camera and its parts.
    fn told(queries: &[Query]) -> Vec<(i64, Option<i64>, String)> {
        let one = |query: &Query| {
            let pictures = query.pictures().map(|(_, picture)| picture.path.display().to_string());
            let parts: Vec<String> = pictures.chain(query.caption().map(str::to_owned)).collect();
            (query.entry.identity.0, query.entry.camera.map(|camera| camera.0), parts.join(" "))
        };
        queries.iter().map(one).collect()
    }

    fn expected(queries: &[(i64, Option<i64>, &str)]) -> Vec<(i64, Option<i64>, String)> {
        queries.iter().map(|(who, camera, parts)| (*who, *camera, (*parts).to_owned())).collect()
    }

    fn described() -> ModalitySet {
        [Modality::Rgb, Modality::Text].into_iter().collect()
    }

    #[test]
    fn rows_of_one_person_are_combined_in_their_order_and_every_row_is_used() {
        let rows = [
            row(7, Modality::Text, None, "x"),
            row(3, Modality::Sketch, None, "a"),
            row(3, Modality::Text, None, "1"),
            row(3, Modality::Text, None, "2"),
            row(3, Modality::Sketch, None, "b"),
            row(3, Modality::Text, None, "3"),
            row(-1, Modality::Sketch, None, "junk"),
            row(-1, Modality::Text, None, "junk"),
            row(3, Modality::Rgb, None, "not asked for"),
        ];
        let wanted = [Modality::Sketch, Modality::Text].into_iter().collect();
        let all = expected(&[(3, None, "a 1"), (3, None, "b 2"), (3, None, "a 3")]);
        for by_camera in [true, false] {
            assert_eq!(told(&queries(&rows, wanted, by_camera).expect("queries")), all);
        }
    }

    #[test]
    fn parts_with_cameras_have_one_camera_and_the_others_join_each() {
        let rows = [
            row(1, Modality::Rgb, Some(4), "c4"),
            row(1, Modality::Rgb, Some(2), "c2"),
            row(1, Modality::Rgb, Some(2), "c2'"),
            row(1, Modality::Text, None, "said"),
        ];
        let found = queries(&rows, described(), true).expect("queries");
        let all = [(1, Some(2), "c2 said"), (1, Some(2), "c2' said"), (1, Some(4), "c4 said")];
        assert_eq!(told(&found), expected(&all));
        let found = queries(&rows, described(), false).expect("queries");
        let all = [(1, None, "c4 said"), (1, None, "c2 said"), (1, None, "c2' said")];
        assert_eq!(told(&found), expected(&all));
    }

    #[test]
    fn rows_of_different_cameras_are_not_combined_by_a_rule_that_compares_cameras() {
        let rows =
            [row(1, Modality::Rgb, Some(1), "day"), row(1, Modality::Infrared, Some(6), "night")];
        let wanted = [Modality::Rgb, Modality::Infrared].into_iter().collect();
        let error = queries(&rows, wanted, true).expect_err("two cameras");
        assert!(
            error.to_string().contains("query rows of rgb+infrared with the same camera"),
            "{error}"
        );
        assert_eq!(queries(&rows, wanted, false).expect("queries").len(), 1);
        let rows = [
            row(1, Modality::Rgb, Some(1), "day"),
            row(2, Modality::Rgb, None, "lost"),
            row(1, Modality::Text, None, "said"),
        ];
        let error = queries(&rows, described(), true).expect_err("both kinds");
        let said = "1 rgb rows of the split `query` have a camera and 1 have none, the first of them `lost`";
        assert!(error.to_string().contains(said), "{error}");
    }
}
