//! Whole numbers as they stand in a reading: digits in a row of any writing, or Chinese ones with
//! their places (五百零二, 十二).

use super::figures::digit;
use crate::digits::get;

/// Digits of the longest number read by its places.
const PLACES: usize = 4;

/// A number without its sign: its digits as they are written or said, and where it ends.
pub(super) fn whole(text: &[char], at: usize) -> Option<(String, usize)> {
    let opens = matches!(get(text, at), '十' | '拾') || digit(text, at).is_some();
    if !opens {
        return None;
    }
    by_places(text, at).or_else(|| in_a_row(text, at))
}

fn in_a_row(text: &[char], at: usize) -> Option<(String, usize)> {
    let digits: String = (at..).map_while(|i| digit(text, i)).collect();
    let end = at + digits.chars().count();
    (!digits.is_empty()).then_some((digits, end))
}

/// 一千二百零三, 伍佰零贰, 二十, 十二; nothing where no place is said.
fn by_places(text: &[char], at: usize) -> Option<(String, usize)> {
    let (mut value, mut end, mut below) = (0, at, u32::MAX);
    let mut said = false;
    loop {
        let zero = digit(text, end) == Some('0') && said;
        let from = end + usize::from(zero);
        let unit = digit(text, from).and_then(|d| d.to_digit(10));
        let place_at = from + usize::from(unit.is_some());
        let place = match get(text, place_at) {
            '千' | '仟' => 1000,
            '百' | '佰' => 100,
            '十' | '拾' => 10,
            _ => 1,
        };
        let lone_ten = unit.is_none() && place == 10 && !said;
        if (unit.is_none() && !lone_ten) || place >= below || unit.is_some() && place == 1 && !said
        {
            break;
        }
        if place == 1 && digit(text, place_at).is_some() {
            return None;
        }
        // 一百一 is a hundred and ten, 一百零一 a hundred and one.
        let shortened = place == 1 && !zero && (100..u32::MAX).contains(&below);
        value += unit.unwrap_or(1) * if shortened { below / 10 } else { place };
        end = place_at + usize::from(place > 1);
        said = true;
        below = place;
        if place == 1 {
            break;
        }
    }
    let digits = value.to_string();
    (said && digits.len() <= PLACES).then_some((digits, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_by_their_places() {
        for (text, digits, letters) in [
            ("502室", "502", 3),
            ("五〇二", "502", 3),
            ("五百零二室", "502", 4),
            ("伍佰零贰", "502", 4),
            ("一千二百零三", "1203", 6),
            ("十二楼", "12", 2),
            ("二十楼", "20", 2),
            ("二十三", "23", 3),
            ("五百一十二", "512", 5),
            ("三百", "300", 2),
            ("一百一", "110", 3),
            ("一百零一", "101", 4),
            ("02", "02", 2),
        ] {
            let letters_of: Vec<char> = text.chars().collect();
            assert_eq!(
                whole(&letters_of, 0),
                Some((digits.to_owned(), letters)),
                "{text}"
            );
        }
        assert_eq!(whole(&['室'], 0), None);
    }
}
