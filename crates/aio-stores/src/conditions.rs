//! Filters and groups as SQL. Values are parameters; only names of this program stand in the text.

use aio_gallery::{Condition, Filter, Relation, time_of};
use postgres::types::ToSql;

/// A parameter of a statement.
pub(crate) type Parameter = Box<dyn ToSql + Sync>;

/// Conditions on the rows of a gallery, and the parameters of the statement that they stand in.
#[derive(Debug, Default)]
pub(crate) struct Conditions {
    all: Vec<String>,
    pub(crate) parameters: Vec<Parameter>,
}

impl Conditions {
    /// Those of a filter, and that a row is none of `named`. `before` are the statement's parameters so far.
    ///
    /// # Errors
    /// [`aio_gallery::GalleryError::Request`] for a condition on the column `time` whose value is no time.
    pub(crate) fn new(
        before: Vec<Parameter>,
        filter: &Filter,
        named: &[u64],
    ) -> aio_gallery::Result<Self> {
        let mut new = Self { all: Vec::new(), parameters: before };
        let Filter { cameras, not_cameras, after, before, conditions } = filter;
        if !cameras.is_empty() {
            let place = new.add(cameras.clone());
            new.all.push(format!("camera = ANY({place})"));
        }
        if !not_cameras.is_empty() {
            let place = new.add(not_cameras.clone());
            new.all.push(format!("(camera IS NULL OR camera <> ALL({place}))"));
        }
        for (time, sign) in [(after, ">="), (before, "<")] {
            if let Some(time) = time {
                let place = new.add(*time);
                new.all.push(format!("\"time\" {sign} {place}"));
            }
        }
        for Condition { column, relation, value } in conditions {
            let (column, value) = match column.as_str() {
                "time" => ("\"time\"".to_owned(), new.add(time_of(value)?)),
                _ => (new.column(column), new.add(value.clone())),
            };
            // A row without a value has another one.
            let sign = if *relation == Relation::Equal { "=" } else { "IS DISTINCT FROM" };
            new.all.push(format!("{column} {sign} {value}"));
        }
        if !named.is_empty() {
            let numbers: Vec<i64> = named.iter().map(|row| row.cast_signed()).collect();
            let place = new.add(numbers);
            new.all.push(format!("number <> ALL({place})"));
        }
        Ok(new)
    }

    /// The conditions as the end of a statement; nothing without any.
    pub(crate) fn clause(&self) -> String {
        if self.all.is_empty() {
            String::new()
        } else {
            format!("WHERE {}", self.all.join(" AND "))
        }
    }

    /// The text in a column of the gallery.
    pub(crate) fn column(&mut self, column: &str) -> String {
        match column {
            "path" | "identity" | "camera" | "crop" | "modality" | "caption" => column.to_owned(),
            // A time is no text, in a gallery on disk as well.
            "time" => "NULL::text".to_owned(),
            own => format!("(own ->> {})", self.add(own.to_owned())),
        }
    }

    /// Adds a parameter, and gives its name.
    fn add(&mut self, value: impl ToSql + Sync + 'static) -> String {
        self.parameters.push(Box::new(value));
        format!("${}", self.parameters.len())
    }

    /// The parameters as the client takes them.
    pub(crate) fn borrowed(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.parameters.iter().map(AsRef::as_ref).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_filter_is_a_condition_and_no_value_is_in_the_text() {
        let condition = |column: &str, relation, value: &str| Condition {
            column: column.into(),
            relation,
            value: value.into(),
        };
        let filter = Filter {
            cameras: vec!["gate".into()],
            not_cameras: vec!["' OR 1=1 --".into()],
            after: Some(5),
            before: Some(9),
            conditions: vec![
                condition("identity", Relation::NotEqual, "42"),
                condition("floor'; DROP", Relation::Equal, "2"),
                condition("time", Relation::Equal, "1970-01-02"),
            ],
        };
        let conditions = Conditions::new(vec![Box::new(0i64)], &filter, &[7]).expect("a time");
        assert_eq!(
            conditions.clause(),
            "WHERE camera = ANY($2) AND (camera IS NULL OR camera <> ALL($3)) AND \"time\" >= $4 AND \"time\" < $5 \
             AND identity IS DISTINCT FROM $6 AND (own ->> $7) = $8 AND \"time\" = $9 AND number <> ALL($10)"
        );
        assert_eq!(conditions.parameters.len(), 10);
        assert_eq!(Conditions::default().clause(), "");
        let noon = Filter {
            conditions: vec![condition("time", Relation::Equal, "noon")],
            ..Filter::default()
        };
        assert!(Conditions::new(Vec::new(), &noon, &[]).expect_err("no time").is_user());
    }
}
