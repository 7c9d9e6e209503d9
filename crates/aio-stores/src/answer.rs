//! One query in SQL.

use crate::address::Address;
use crate::conditions::{Conditions, Parameter};
use crate::error::{Result, StoreError};
use aio_gallery::{Answer, Collection, Query, Record};
use pgvector::Vector;
use postgres::types::Json;
use postgres::{Row, Transaction};
use std::collections::BTreeMap;

/// Which rows a query is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scan {
    /// All that the filter lets through: the results of the gallery on disk.
    #[default]
    Exact,
    /// Those that the index leads to, if [`push`](crate::push()) has made one. Some of the nearest rows may be missing, most where a filter lets few
    /// rows through. Grouped queries are exact.
    Approximate,
}

/// The columns of a record, in the order in which [`record`] reads them.
pub(crate) const RECORD: &str = "path, identity, camera, \"time\", crop, modality, caption, own";

/// Entries of the index that a search visits at least; the more, the fewer are missed.
const LEAST_VISITED: usize = 100;
/// The most that pgvector allows.
const MOST_VISITED: usize = 1000;

/// Rows that were found, nearest first.
pub(crate) struct Found {
    searched: usize,
    rows: Vec<Row>,
}

/// Asks for the rows nearest to `vector`.
///
/// # Errors
/// [`StoreError::Gallery`] for a condition without a meaning; [`StoreError::Database`].
pub(crate) fn found(
    transaction: &mut Transaction,
    address: &Address,
    query: &Query,
    vector: Vector,
    scan: Scan,
) -> Result<Found> {
    let failed = |e| StoreError::database(address, "search", &e);
    let table = address.table();
    let named: Vec<u64> = query.like.iter().chain(&query.unlike).copied().collect();
    let counted = Conditions::new(Vec::new(), &query.filter, &named)?;
    let sql = format!("SELECT count(*) FROM {table} {}", counted.clause());
    let searched: i64 = transaction.query_one(&sql, &counted.borrowed()).map_err(failed)?.get(0);
    let approximate = scan == Scan::Approximate && query.group_by.is_none();
    let settings = if approximate {
        let visited = (2 * query.top).clamp(LEAST_VISITED, MOST_VISITED);
        // Further entries are visited until enough of them pass the filter.
        format!(
            "SET LOCAL enable_indexscan = on; SET LOCAL hnsw.ef_search = {visited}; SET LOCAL hnsw.iterative_scan = strict_order"
        )
    } else {
        // The index on features is used by this kind of scan alone.
        "SET LOCAL enable_indexscan = off".to_owned()
    };
    transaction.batch_execute(&settings).map_err(failed)?;
    let first: Vec<Parameter> =
        vec![Box::new(vector), Box::new(query.top.min(i64::MAX as usize) as i64)];
    let mut conditions = Conditions::new(first, &query.filter, &named)?;
    let clause = conditions.clause();
    let sql = match &query.group_by {
        // Alone, the distance is what the index is sorted by. Equal ones are sorted by their numbers afterwards.
        None => format!(
            "SELECT number, {RECORD}, features <=> $1 AS distance FROM {table} {clause} ORDER BY features <=> $1 LIMIT $2"
        ),
        Some(column) => {
            let group = conditions.column(column);
            format!(
                "SELECT number, {RECORD}, distance FROM ( \
                 SELECT DISTINCT ON (shared, alone) * FROM ( \
                 SELECT *, features <=> $1 AS distance, {group} AS shared, CASE WHEN {group} IS NULL THEN number END AS alone FROM {table} {clause} \
                 ) AS chosen ORDER BY shared, alone, distance, number ) AS nearest ORDER BY distance, number LIMIT $2"
            )
        }
    };
    let mut rows = transaction.query(&sql, &conditions.borrowed()).map_err(failed)?;
    rows.sort_by(|a, b| distance(a).total_cmp(&distance(b)).then(number(a).cmp(&number(b))));
    Ok(Found { searched: searched as usize, rows })
}

fn number(row: &Row) -> u64 {
    row.get::<_, i64>("number").cast_unsigned()
}

fn distance(row: &Row) -> f64 {
    row.get("distance")
}

/// What is known of a row.
fn record(row: &Row) -> Record {
    let Json(extra): Json<BTreeMap<String, String>> = row.get("own");
    Record {
        path: row.get("path"),
        identity: row.get("identity"),
        camera: row.get("camera"),
        time: row.get("time"),
        crop: row.get::<_, Option<String>>("crop").and_then(|crop| crop.parse().ok()),
        modality: row.get("modality"),
        caption: row.get("caption"),
        extra,
    }
}

impl Found {
    /// The answer of a gallery to the query.
    ///
    /// # Errors
    /// [`StoreError::Gallery`] as [`Query::hit`].
    pub(crate) fn answer(&self, of: &impl Collection, query: &Query) -> Result<Answer> {
        let mut hits = Vec::with_capacity(self.rows.len());
        for row in &self.rows {
            let similarity = (1.0 - distance(row)) as f32;
            hits.extend(query.hit(of, number(row), similarity, || Ok(record(row)))?);
        }
        Ok(Answer { searched: self.searched, rescored: None, hits })
    }
}
