//! Lists with many wrong items.

use crate::FieldErrors;

/// The maximum number of listed errors of a list, so that the response stays small.
const NAMED: usize = 10;

/// The wrong items of one list: the first are named, the rest counted.
#[derive(Debug, Default)]
pub struct ItemErrors(usize);

impl ItemErrors {
    /// Counts an error. `name` lists it, unless there are too many.
    pub fn add(&mut self, errors: &mut FieldErrors, name: impl FnOnce(&mut FieldErrors)) {
        self.0 += 1;
        if self.0 <= NAMED {
            name(errors);
        }
    }

    /// Adds the number of errors that are not listed to those of the list at `path`.
    pub fn count_rest(self, path: impl Into<String>, errors: &mut FieldErrors) {
        if self.0 > NAMED {
            errors.add(path, format!("has {} more invalid entries", self.0 - NAMED));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_items_are_named_and_the_rest_counted() {
        for (wrong, named, more) in [(0, 0, false), (10, 10, false), (12, 11, true)] {
            let (mut errors, mut items) = (FieldErrors::new(), ItemErrors::default());
            for index in 0..wrong {
                items.add(&mut errors, |errors| errors.add(format!("tag_ids[{index}]"), "is wrong"));
            }
            items.count_rest("tag_ids", &mut errors);
            assert_eq!((errors.iter().count(), errors.names("tag_ids")), (named, more));
            assert_eq!(errors.to_string().contains("has 2 more invalid entries"), more);
        }
    }
}
