//! Where names go, so that none lies on another.

/// A rectangle of the drawing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

impl Area {
    /// Its point that is nearest to another.
    pub(super) fn nearest(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (x.clamp(self.left, self.right), y.clamp(self.top, self.bottom))
    }

    /// Whether the two have a point in common.
    pub(super) fn meets(&self, other: &Area) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    fn within(&self, frame: &Area) -> bool {
        self.left >= frame.left
            && self.right <= frame.right
            && self.top >= frame.top
            && self.bottom <= frame.bottom
    }
}

/// About how wide a text is: letters are on average a bit more than half as wide as they are high.
pub(super) fn width(text: &str, size: f64) -> f64 {
    unicode_width::UnicodeWidthStr::width(text) as f64 * size * 0.56
}

/// A text in lines that are no wider than `room`, but for words that are.
pub(super) fn wrapped(text: &str, size: f64, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if width(line, size) + width(word, size) + size / 2.0 <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_string()),
        }
    }
    lines
}

/// Heights at which names of lines can stand, each at least `gap` below the one before, as near to `wanted` as they get.
/// Wanted heights come in any order and keep it. None where there are more names than room.
pub(super) fn stacked(wanted: &[f64], gap: f64, top: f64, bottom: f64) -> Option<Vec<f64>> {
    if wanted.len() as f64 * gap > bottom - top + gap {
        return None;
    }
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|one, other| wanted[*one].total_cmp(&wanted[*other]));
    let mut heights: Vec<f64> = order.iter().map(|index| wanted[*index].clamp(top, bottom)).collect();
    // Down until they are apart, then up from the bottom where that went too far.
    for place in 1..heights.len() {
        heights[place] = heights[place].max(heights[place - 1] + gap);
    }
    let mut limit = bottom;
    for height in heights.iter_mut().rev() {
        *height = height.min(limit);
        limit = *height - gap;
    }
    let mut placed = vec![0.0; wanted.len()];
    for (place, index) in order.into_iter().enumerate() {
        placed[index] = heights[place];
    }
    Some(placed)
}

/// A place for a name of this width and height near a mark at `(x, y)`, inside `frame` and clear of `taken`.
pub(super) fn beside(x: f64, y: f64, width: f64, height: f64, frame: &Area, taken: &[Area]) -> Option<Area> {
    let places = [14.0, 26.0, 44.0, 66.0, 96.0, 130.0].into_iter().flat_map(|away| {
        let middle = -height / 2.0;
        [
            (away, middle),
            (-away - width, middle),
            (-width / 2.0, -away - height),
            (-width / 2.0, away),
            (away * 0.7, -away * 0.7 - height),
            (away * 0.7, away * 0.7),
            (-away * 0.7 - width, -away * 0.7 - height),
            (-away * 0.7 - width, away * 0.7),
        ]
    });
    places
        .map(|(right, down)| Area {
            left: x + right,
            top: y + down,
            right: x + right + width,
            bottom: y + down + height,
        })
        .find(|area| area.within(frame) && !taken.iter().any(|other| other.meets(area)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn names_of_lines_never_touch_and_stay_inside(wanted in proptest::collection::vec(0.0_f64..500.0, 0..18)) {
            let placed = stacked(&wanted, 26.0, 20.0, 480.0).unwrap();
            let mut sorted = placed.clone();
            sorted.sort_by(f64::total_cmp);
            prop_assert!(sorted.windows(2).all(|pair| pair[1] - pair[0] > 25.999));
            prop_assert!(placed.iter().all(|height| (19.999..=480.001).contains(height)));
        }

        #[test]
        fn names_of_marks_never_touch(marks in proptest::collection::vec((0.0_f64..1000.0, 0.0_f64..500.0), 1..20)) {
            let frame = Area { left: 0.0, top: 0.0, right: 1000.0, bottom: 500.0 };
            let mut taken: Vec<Area> = Vec::new();
            for (x, y) in marks {
                if let Some(area) = beside(x, y, 120.0, 24.0, &frame, &taken) {
                    prop_assert!(taken.iter().all(|other| !other.meets(&area)));
                    taken.push(area);
                }
            }
        }
    }

    #[test]
    fn where_there_is_no_room_there_is_no_name() {
        assert_eq!(stacked(&[1.0; 30], 26.0, 0.0, 400.0), None);
    }
}
