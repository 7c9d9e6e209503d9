//! What is doubtful about a recipe that makes a training.

use super::recipe::Recipe;

impl Recipe {
    /// One sentence for each option that has no effect, or less than its name says.
    pub(super) fn doubts(&self) -> Vec<String> {
        let mut doubts = Vec::new();
        let (first, all) = (self.pictures_first, self.total_steps());
        if self.contrastive > 0.0 && first >= all {
            doubts.push(format!(
                "--pictures-first {first} leaves none of the {all} steps in which pictures are compared with captions: --contrastive has no effect, and sentences are hardly learned; lower it, or raise --steps"
            ));
        }
        for (option, steps) in [("--steps", self.steps), ("--company-steps", self.company_steps)] {
            if steps > 0 && self.warmup_steps >= steps {
                doubts.push(format!(
                    "{option} is {steps} and --warmup-steps {}: the learning rate of these steps only rises",
                    self.warmup_steps
                ));
            }
        }
        doubts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortened_training_in_which_options_have_no_effect_is_doubted() {
        assert!(Recipe::default().doubts().is_empty(), "the usual recipe");
        let short = Recipe { steps: 400, company_steps: 1500, ..Recipe::default() };
        let doubts = short.doubts();
        let expected = "--pictures-first 2000 leaves none of the 1900 steps";
        assert!(doubts.len() == 1 && doubts[0].starts_with(expected), "{doubts:?}");
        assert!(Recipe { contrastive: 0.0, ..short.clone() }.doubts().is_empty());
        assert!(Recipe { pictures_first: 1899, ..short }.doubts().is_empty());
        let rising = Recipe { pictures_first: 0, company_steps: 200, ..Recipe::default() };
        let doubts = rising.doubts();
        let expected = "--company-steps is 200 and --warmup-steps 200: the learning rate";
        assert!(doubts.len() == 1 && doubts[0].starts_with(expected), "{doubts:?}");
        assert!(Recipe { company_steps: 0, ..rising }.doubts().is_empty());
    }
}
