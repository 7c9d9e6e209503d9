//! Sentence patterns and how they are filled.
//!
//! A pattern is text with places in braces. `{Sa}` and `{Sd}` are the person with adjectives, with "a" or "the"; `{P}`
//! and `{p}` are the pronoun, `{R}` the possessive. Capital letters are lists of what is told: `U` upper body, `L`
//! legs, `F` feet, `H` hair, `A` glasses, hats and the like, `B` what is carried with its verb, `N` the same without
//! it; several letters make one list. What is in brackets is left out if its list is empty, and so is a sentence whose
//! lists are all empty, unless it names the person.

use super::phrase::{Phrases, article};
use crate::street::person::Sex;

/// A filled pattern; `None` if it needs something that is not told.
pub(super) fn fill(pattern: &str, phrases: &Phrases) -> Option<String> {
    let mut sentences = Vec::new();
    for sentence in pattern.split_inclusive('.') {
        let names = sentence.contains("{S");
        let lists = places(sentence).any(is_list);
        let empty =
            places(sentence).all(|place| !is_list(place) || list(place, phrases).is_empty());
        if lists && empty && !names {
            continue;
        }
        let mut text = String::new();
        let mut rest = sentence.trim();
        while let Some(open) = rest.find('[') {
            let close = open + rest[open..].find(']')?;
            text += &replace(&rest[..open], phrases)?;
            // A group that lacks something is left out.
            text += &replace(&rest[open + 1..close], phrases).unwrap_or_default();
            rest = &rest[close + 1..];
        }
        text += &replace(rest, phrases)?;
        sentences.push(capital(text.trim_start_matches([',', ';', ' '])));
    }
    Some(sentences.join(" "))
}

/// The names of all places.
pub(super) fn places(pattern: &str) -> impl Iterator<Item = &str> {
    pattern.split('{').skip(1).filter_map(|part| part.split('}').next())
}

pub(super) fn is_list(place: &str) -> bool {
    place.chars().all(|c| "ULFHABN".contains(c))
}

/// Replaces every place; `None` if one is empty.
fn replace(text: &str, phrases: &Phrases) -> Option<String> {
    let mut out = String::new();
    let mut parts = text.split('{');
    out += parts.next().unwrap_or("");
    for part in parts {
        let (place, after) = part.split_once('}')?;
        let value = match place {
            "Sa" => format!("{} {}", article(&phrases.subject), phrases.subject),
            "Sd" => format!("the {}", phrases.subject),
            "P" | "p" => pronoun(phrases),
            "R" => possessive(phrases),
            _ => join(&list(place, phrases))?,
        };
        out += &value;
        out += after;
    }
    Some(out)
}

fn pronoun(phrases: &Phrases) -> String {
    match phrases.sex {
        Some(Sex::Female) => "she".to_owned(),
        Some(Sex::Male) => "he".to_owned(),
        None => format!("the {}", phrases.noun),
    }
}

fn possessive(phrases: &Phrases) -> String {
    match phrases.sex {
        Some(Sex::Female) => "her".to_owned(),
        Some(Sex::Male) => "his".to_owned(),
        None => format!("the {}'s", phrases.noun),
    }
}

fn list(place: &str, phrases: &Phrases) -> Vec<String> {
    let mut all = Vec::new();
    for letter in place.chars() {
        match letter {
            'U' => all.extend(phrases.upper.iter().cloned()),
            'L' => all.extend(phrases.lower.iter().cloned()),
            'F' => all.extend(phrases.feet.iter().cloned()),
            'H' => all.extend(phrases.hair.iter().cloned()),
            'A' => all.extend(phrases.worn.iter().cloned()),
            'B' => all.extend(phrases.carried.iter().map(|c| format!("{} {}", c.0, c.1))),
            'N' => all.extend(phrases.carried.iter().map(|c| c.1.clone())),
            _ => {}
        }
    }
    all
}

/// "a, b and c".
fn join(items: &[String]) -> Option<String> {
    let (last, first) = items.split_last()?;
    Some(if first.is_empty() { last.clone() } else { format!("{} and {last}", first.join(", ")) })
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or(String::new(), |c| c.to_uppercase().collect::<String>() + letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phrases() -> Phrases {
        Phrases {
            subject: "old man".to_owned(),
            noun: "man",
            sex: Some(Sex::Male),
            upper: vec!["a red shirt".to_owned()],
            lower: vec!["blue jeans".to_owned()],
            feet: vec!["boots".to_owned()],
            ..Phrases::default()
        }
    }

    #[test]
    fn lists_are_joined_and_what_is_empty_is_left_out() {
        let of = |pattern: &str| fill(pattern, &phrases());
        assert_eq!(
            of("{Sa}[ with {HA}][ wears {ULF}]. {P} is {B}.").as_deref(),
            Some("An old man wears a red shirt, blue jeans and boots.")
        );
        assert_eq!(of("{Sd} has {H}."), None, "a sentence that names the person needs its lists");
        assert_eq!(
            of("[With {H}, ]{Sd} is in {U}. {P} has {LF}.").as_deref(),
            Some("The old man is in a red shirt. He has blue jeans and boots.")
        );
    }

    #[test]
    fn a_person_of_unknown_sex_has_no_pronoun() {
        let someone = Phrases { sex: None, noun: "person", ..phrases() };
        assert_eq!(
            fill("{Sa}. {R} shoes are {F}. {P} wears {L}.", &someone).as_deref(),
            Some("An old man. The person's shoes are boots. The person wears blue jeans.")
        );
    }
}
