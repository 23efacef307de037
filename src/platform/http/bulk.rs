//! Many at once: all of them or none, and the one in the way is named.

use crate::platform::problem::{Item, ItemCode, Problem};

/// Items of one bulk request at most.
pub const BULK_MAX: usize = 100;

/// Checks how many there are.
///
/// # Errors
/// 422 when there are none, or too many.
pub fn check_bulk<T>(items: &[T], what: &str) -> Result<(), Problem> {
    if (1..=BULK_MAX).contains(&items.len()) {
        return Ok(());
    }
    let message = format!("has 1 to {BULK_MAX} {what}");
    Err(Problem::invalid("items", ItemCode::Length, message))
}

/// Does each of many in their order.
///
/// # Errors
/// What stopped the first that could not be done, with its place and number. Nothing was changed.
pub fn each_of_bulk<'a, T, D>(
    items: impl IntoIterator<Item = (&'a str, T)>,
    mut one: impl FnMut(&str, T) -> Result<D, Problem>,
) -> Result<Vec<D>, Problem> {
    let items = items.into_iter().enumerate();
    let done = items.map(|(at, (number, item))| {
        one(number, item).map_err(|problem| in_the_way(problem, at, number))
    });
    done.collect()
}

/// Says which item was in the way; nothing was changed. What failed on our side is told as it is.
fn in_the_way(problem: Problem, at: usize, number: &str) -> Problem {
    if problem.internal().is_some() {
        return problem;
    }
    let message = format!("{number}: {problem}; nothing was changed");
    let items = vec![Item::new(
        &format!("items[{at}]"),
        ItemCode::Refused,
        message,
    )];
    problem.with_items(items)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::problem::Code;

    #[test]
    fn there_is_one_and_no_more_than_a_hundred() {
        for (count, fits) in [(0, false), (1, true), (100, true), (101, false)] {
            let items = vec![(); count];
            assert_eq!(check_bulk(&items, "decisions").is_ok(), fits, "{count}");
        }
    }

    #[test]
    fn the_one_in_the_way_is_named() {
        let items = [("GL1", 1), ("GL2", 2), ("GL3", 3)];
        let mut done = Vec::new();
        let refused = each_of_bulk(items, |number, n| {
            if n == 2 {
                return Err(Problem::new(Code::ClaimedByOther));
            }
            done.push(number.to_owned());
            Ok(n)
        })
        .unwrap_err();
        assert_eq!(refused.code(), Code::ClaimedByOther);
        let item = refused.items().first().unwrap();
        assert_eq!(
            (item.location.as_str(), item.code),
            ("items[1]", ItemCode::Refused)
        );
        assert!(
            item.message.starts_with("GL2: claimed_by_other"),
            "{}",
            item.message
        );
        assert_eq!(done, ["GL1"], "those after it are not looked at");
        let fault = each_of_bulk([("GL1", ())], |_, ()| {
            Err::<(), _>(Problem::fault("the disk"))
        });
        assert!(fault.unwrap_err().items().is_empty());
    }
}
