//! Lanes and places taking their turns, in virtual time.

use std::sync::Arc;

use super::*;
use crate::port::carrier::{Carrier, Carrying, Destination, Message};

/// A carrier whose units all live at one place, or each at its own.
struct Known {
    shared: bool,
    pace: Pace,
}

impl Carrier for Known {
    fn destination(&self, to: &Recipient) -> Option<Destination> {
        let name = if self.shared { "robot".to_owned() } else { to.unit.to_string() };
        (to.unit.as_str() != "nowhere").then_some(Destination { name, pace: self.pace })
    }

    fn carry<'a>(&'a self, _: &'a Recipient, _: &'a Message) -> Carrying<'a> {
        unreachable!("nothing is sent in these tests")
    }
}

fn carriers(shared: bool, most: u32, at_once: u32) -> Carriers {
    let pace = Pace { most, within: Duration::from_secs(60), at_once };
    Carriers::from([(name("hook"), Arc::new(Known { shared, pace }) as Arc<dyn Carrier>)])
}

fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

fn unit(text: &str) -> UnitId {
    UnitId::new(text).expect("a unit")
}

fn lane(of: &str, first: u64, last: u64) -> Lane {
    Lane { channel: name("hook"), unit: unit(of), first: Seq(first), last: Seq(last) }
}

fn errand(of: &str, reminder: u64) -> Errand {
    Errand { channel: name("hook"), unit: unit(of), reminder: Seq(reminder), round: 0 }
}

fn at(seconds: i64) -> Instant {
    Instant::from_nanos(seconds * 1_000_000_000)
}

fn turned(book: &mut Book, now: i64) -> Option<String> {
    book.pass(at(now));
    book.next(at(now), u32::MAX).map(|turned| turned.lane.1.to_string())
}

#[test]
fn a_lane_has_one_message_under_way_and_is_looked_at_again_after_it() {
    let mut book = Book::default();
    let carriers = carriers(false, 100, 4);
    book.listed(vec![lane("tax", 1, 9), lane("water", 2, 2)], &carriers, true);
    let first = book.next(at(0), u32::MAX).expect("a lane");
    assert_eq!(turned(&mut book, 0).as_deref(), Some("water"));
    assert_eq!(turned(&mut book, 0), None, "both are busy");
    book.begins(&first.place, at(0));
    book.told(&errand("tax", 1));
    book.ends(&first.lane, Heard::Answer, at(1));
    let again = book.next(at(1), u32::MAX).expect("it has more");
    assert_eq!(again.notes.get(&(Seq(1), 0)), Some(&Note::Told));
    assert_eq!(book.sizes(), (2, 2, 1));
    book.seen(&again.lane, Seq(9), &BTreeSet::from([(Seq(2), 0)]));
    assert_eq!(book.sizes(), (2, 2, 0), "what is decided is forgotten");
}

#[test]
fn a_lane_that_rests_is_looked_at_when_it_wakes_or_changes() {
    let mut book = Book::default();
    let carriers = carriers(false, 100, 4);
    book.listed(vec![lane("tax", 1, 1)], &carriers, true);
    let found = book.next(at(0), u32::MAX).expect("a lane");
    book.rests(&found.lane, Some(at(50)));
    book.listed(vec![lane("tax", 1, 1)], &carriers, true);
    assert_eq!((turned(&mut book, 49), book.wake()), (None, Some(at(50))));
    assert_eq!(turned(&mut book, 50).as_deref(), Some("tax"));
    book.rests(&found.lane, Some(at(90)));
    book.listed(vec![lane("tax", 1, 2)], &carriers, true);
    assert_eq!(turned(&mut book, 51).as_deref(), Some("tax"), "something new came");
    book.listed(vec![lane("tax", 1, 3)], &carriers, true);
    book.rests(&found.lane, Some(at(90)));
    assert_eq!(turned(&mut book, 51).as_deref(), Some("tax"), "something came while it was planned");
}

#[test]
fn units_that_share_a_place_share_its_pace() {
    let mut book = Book::default();
    let carriers = carriers(true, 2, 2);
    let names: Vec<String> = (0..5).map(|n| format!("unit-{n}")).collect();
    book.listed(names.iter().map(|of| lane(of, 1, 1)).collect(), &carriers, true);
    let mut sent = Vec::new();
    for second in 0..200 {
        book.pass(at(second));
        while let Some(found) = book.next(at(second), u32::MAX) {
            book.begins(&found.place, at(second));
            book.told(&errand(found.lane.1.as_str(), 1));
            book.ends(&found.lane, Heard::Answer, at(second));
            sent.push(second);
            // Its row is decided at once.
            let left = names.iter().filter(|of| *of != found.lane.1.as_str()).map(|of| lane(of, 1, 1));
            let gone: Vec<Lane> = left
                .filter(|lane| book.lanes.contains_key(&(lane.channel.clone(), lane.unit.clone())))
                .collect();
            book.listed(gone, &carriers, true);
        }
    }
    assert_eq!(sent, [0, 0, 60, 60, 120]);
}

#[test]
fn a_place_that_does_not_answer_is_probed_with_one_message_and_holds_up_no_other() {
    let mut book = Book::default();
    let carriers = carriers(false, 1_000, 4);
    book.listed(vec![lane("tax", 1, 9), lane("water", 1, 9)], &carriers, true);
    let (mut now, mut tries) = (0, 0);
    while tries < 7 {
        book.pass(at(now));
        while let Some(found) = book.next(at(now), u32::MAX) {
            book.begins(&found.place, at(now));
            let is_tax = found.lane.1.as_str() == "tax";
            tries += u32::from(is_tax);
            let heard = if is_tax { Heard::Trouble { after: None } } else { Heard::Answer };
            book.ends(&found.lane, heard, at(now));
            if !is_tax {
                break;
            }
        }
        now += 1;
        assert!(now < 100, "it should be probed again and again");
    }
    assert!(now >= 2, "after five failures it is left alone for a while: {now}");
    assert_eq!(book.shut().map(|(_, place)| place.as_str()).collect::<Vec<_>>(), ["tax"]);
}

#[test]
fn units_without_an_address_are_at_no_place() {
    let mut book = Book::default();
    let carriers = carriers(false, 10, 1);
    let other = Lane { channel: name("fax"), ..lane("tax", 1, 1) };
    book.listed(vec![lane("nowhere", 1, 1), other], &carriers, true);
    let places: Vec<PlaceId> = std::iter::from_fn(|| book.next(at(0), u32::MAX)).map(|it| it.place).collect();
    assert_eq!(places, [(name("hook"), String::new()), (name("fax"), String::new())]);
}

#[test]
fn what_is_under_way_is_bounded() {
    let mut book = Book::default();
    let carriers = carriers(false, 10, 10);
    book.listed((0..2_000).map(|n| lane(&format!("unit-{n}"), 1, 1)).collect(), &carriers, true);
    let begun = std::iter::from_fn(|| book.next(at(0), u32::MAX)).count();
    assert_eq!(begun, usize::try_from(MOST_UNDER_WAY).expect("a size"));
}

#[test]
fn lanes_go_on_once_enough_of_what_was_told_is_decided() {
    let mut book = Book::default();
    let carriers = carriers(false, 100, 4);
    let (all, told) = (MOST_TOLD as u64 + 9, MOST_TOLD as u64);
    book.listed(vec![lane("tax", 1, all)], &carriers, true);
    let found = book.next(at(0), u32::MAX).expect("a lane");
    (1..=told).for_each(|reminder| book.told(&errand("tax", reminder)));
    book.rests(&found.lane, Some(at(0)));
    assert_eq!(turned(&mut book, 0), None, "too much is told and undecided");
    book.listed(vec![lane("tax", told - 1, all)], &carriers, false);
    assert_eq!(turned(&mut book, 0), None, "a list of the past shows nothing");
    book.listed(vec![lane("tax", told, all)], &carriers, true);
    assert_eq!(book.sizes(), (1, 0, 1));
    let again = book.next(at(0), u32::MAX).expect("there is room again");
    assert_eq!(again.notes.keys().collect::<Vec<_>>(), [&(Seq(told), 0)]);
}
