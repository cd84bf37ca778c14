//! Given, at, when, then: the kernel as the engine drives it, in virtual time, on
//! a store in memory and the policies of `workflows/`.
//!
//! How a record is delivered is [`VirtualTenant`]'s; here are the words of a test.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, OnceLock};

use duban::engine::backing::{Stored, commit};
use duban::event::catalogue::{DeadlineMet, Event, EventRefused, RungReached, Term};
use duban::event::entry::Entry;
use duban::event::fact::{Content, Received};
use duban::id::{CaseId, Name, Seq, Sha, TenantId};
use duban::kernel::evolve::evolve;
use duban::kernel::row::{Case, Deadline};
use duban::kernel::state::{State, settle};
use duban::kernel::sweep;
use duban::kernel::turn::Outgoing;
use duban::memory::store::MemoryStore;
use duban::scenario::virtual_tenant::{VirtualState, VirtualTenant};
use duban::time::Instant;

pub use super::drafts::{FactDraft, authored, chosen, fact, publication, t};

pub use duban::scenario::virtual_tenant::Delivery;

/// The state that tests look at.
pub type TestState = VirtualState;

/// A tenant under test.
pub struct Given {
    tenant_itself: VirtualTenant,
    tenant: TenantId,
    now: Instant,
    next: Seq,
    /// What was delivered, in order.
    pub intake: Vec<Received>,
    /// What the last step brought.
    last: usize,
}

impl Deref for Given {
    type Target = VirtualTenant;

    fn deref(&self) -> &VirtualTenant {
        &self.tenant_itself
    }
}

impl DerefMut for Given {
    fn deref_mut(&mut self) -> &mut VirtualTenant {
        &mut self.tenant_itself
    }
}

type Base = (MemoryStore, Vec<Outgoing>, Seq);

impl Given {
    /// A tenant with its register, calendar, event types and the workflows named,
    /// published a month before anything happens.
    #[track_caller]
    pub fn tenant(tenant: &str, workflows: &[&str]) -> Self {
        Self::tenant_from(tenant, workflows, t("2022-05-20T09:00"))
    }

    /// As [`Given::tenant`], published at an instant.
    pub fn tenant_from(tenant: &str, workflows: &[&str], at: Instant) -> Self {
        static BASES: OnceLock<Mutex<BTreeMap<String, Base>>> = OnceLock::new();
        let name = format!("{tenant} {workflows:?} {at}");
        let bases = BASES.get_or_init(Mutex::default);
        let known = bases.lock().expect("no test panics here").get(&name).cloned();
        let (store, ledger, next) = known.unwrap_or_else(|| {
            let mut given = Self::empty(tenant, at);
            for definition in chosen(tenant, workflows) {
                given.when(publication(&definition));
                // A duty published just before may open its first period first.
                assert_eq!(given.kinds().last(), Some(&"policy.published"), "{:#?}", given.events());
            }
            let store = given.stored().clone();
            let base = (store, given.tenant_itself.ledger, given.next);
            bases.lock().expect("no test panics here").insert(name, base.clone());
            base
        });
        let tenant = TenantId::new(tenant).expect("a tenant");
        let mut given = Self::on(&tenant, store.after_crash(0), at, next);
        given.last = ledger.len();
        given.group_ends = vec![Seq(ledger.len() as u64)];
        given.ledger = ledger;
        given
    }

    fn on(tenant: &TenantId, store: MemoryStore, now: Instant, next: Seq) -> Self {
        let tenant_itself = VirtualTenant::found(tenant, store).expect("a state");
        Self { tenant_itself, tenant: tenant.clone(), now, next, intake: Vec::new(), last: 0 }
    }

    /// A tenant whose ledger has its first entry only.
    pub fn empty(tenant: &str, at: Instant) -> Self {
        Self::opened(&TenantId::new(tenant).expect("a tenant"), uuid::Uuid::from_u128(7), at)
    }

    /// The same, of a ledger that was opened elsewhere.
    pub fn opened(tenant: &TenantId, ledger: uuid::Uuid, at: Instant) -> Self {
        let mut given = Self::on(tenant, MemoryStore::new(), at, Seq(1));
        given.open(ledger, tenant, at).expect("a ledger");
        given
    }

    /// Publishes what a text says, in order.
    #[track_caller]
    pub fn publish(&mut self, text: &str) -> &mut Self {
        for definition in authored(self.tenant.as_str(), text) {
            self.when(publication(&definition));
            assert_eq!(self.kinds().last(), Some(&"policy.published"), "{:#?}", self.events());
        }
        self
    }

    pub fn delivered(mut self, delivery: Delivery) -> Self {
        self.delivery = delivery;
        self
    }

    pub fn now(&self) -> Instant {
        self.now
    }

    /// Lets time pass up to an instant: a tick recorded then fires the timers.
    pub fn at(&mut self, at: Instant) -> &mut Self {
        self.now = at;
        self.last = self.ledger.len();
        self.receive(Content::Tick);
        self
    }

    /// Sets the clock without anything being recorded.
    pub fn silently_at(&mut self, at: Instant) -> &mut Self {
        self.now = at;
        self
    }

    /// Delivers a fact, recorded now.
    pub fn when(&mut self, draft: FactDraft) -> &mut Self {
        self.last = self.ledger.len();
        let mut fact = draft.into_fact();
        if fact.id.is_empty() {
            fact.id = format!("fact-{}", self.next);
        }
        self.receive(Content::Fact(Box::new(fact)));
        self
    }

    fn receive(&mut self, content: Content) {
        let received = Received { seq: self.next, at: self.now, content };
        // Places are left free between records, for ticks that a test puts in.
        self.next = Seq(self.next.0 + 2);
        self.deliver(&received);
        self.intake.push(received);
    }

    /// Decides a record as the leader does.
    pub fn deliver(&mut self, received: &Received) {
        let (groups, most) = (self.group_ends.len(), self.delivery.most + 400);
        // One that goes on from the middle of a ledger has seen no group end yet.
        let mut before = self.ledger.len() as u64;
        self.tenant_itself.deliver(received).expect("every record is decided");
        for end in self.group_ends.iter().skip(groups) {
            assert!(end.0 - before < most as u64, "a group of {} events", end.0 - before);
            before = end.0;
        }
    }

    /// Goes on with sweeps that are pending.
    pub fn sweep(&mut self) {
        self.tenant_itself.sweep().expect("a sweep");
    }

    /// One group of the sweep that is pending, from its beginning, as after a restart.
    pub fn sweep_once(&mut self, most: usize) -> usize {
        let name = sweep::pending(&self.state).expect("a state").expect("a sweep is pending");
        self.sweep_group(&name, &mut sweep::Progress::default(), most).expect("a sweep")
    }

    /// Delivers a fact without the sweep that may follow.
    pub fn when_cut_off(&mut self, draft: FactDraft) -> &mut Self {
        self.last = self.ledger.len();
        let received = Received {
            seq: self.next,
            at: self.now,
            content: Content::Fact(Box::new(draft.id("cut").into_fact())),
        };
        self.next = self.next.next();
        self.decide(&received).expect("every record is decided");
        self
    }

    /// Stores everything.
    pub fn settle_all(&mut self) {
        self.tenant_itself.settle_all().expect("rows");
    }

    /// The store, with everything in it.
    pub fn stored(&mut self) -> &MemoryStore {
        self.tenant_itself.stored().expect("rows")
    }

    /// The digest of the rows.
    pub fn digest(&mut self) -> Sha {
        self.tenant_itself.digest().expect("a digest")
    }

    /// The entries of the last step.
    pub fn events(&self) -> Vec<&Entry> {
        self.ledger.iter().skip(self.last).map(|out| &out.entry).collect()
    }

    /// All entries.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.ledger.iter().map(|out| &out.entry)
    }

    /// The types of the last step's events.
    pub fn kinds(&self) -> Vec<&str> {
        self.events().into_iter().map(|entry| entry.decided.event.kind()).collect()
    }

    /// The last step's events are of just these types, separated by spaces.
    #[track_caller]
    pub fn then(&mut self, kinds: &str) -> &mut Self {
        let expected: Vec<&str> = kinds.split_whitespace().collect();
        assert_eq!(self.kinds(), expected, "{:#?}", self.events());
        self
    }

    /// The last step was a refusal by this rule.
    #[track_caller]
    pub fn then_refused(&mut self, rule: &str) -> &EventRefused {
        let events = self.events();
        let refused = events.iter().find_map(|entry| match &entry.decided.event {
            Event::EventRefused(it) => Some(it),
            _ => None,
        });
        let Some(refused) = refused else { panic!("nothing was refused: {events:#?}") };
        assert_eq!(refused.reason.rule, rule, "{}", refused.reason.message);
        let place = self
            .ledger
            .iter()
            .rposition(|out| matches!(&out.entry.decided.event, Event::EventRefused(it) if it == refused));
        match &self.ledger[place.expect("it is there")].entry.decided.event {
            Event::EventRefused(it) => it,
            other => panic!("{other:?}"),
        }
    }

    /// The deadlines met by the last step.
    pub fn met(&self) -> Vec<&DeadlineMet> {
        let met = self.events().into_iter().filter_map(|entry| match &entry.decided.event {
            Event::DeadlineMet(it) => Some(it),
            _ => None,
        });
        met.collect()
    }

    /// Exactly one deadline was met by the last step, late or not.
    #[track_caller]
    pub fn then_met(&mut self, late: bool) -> &mut Self {
        let met = self.met();
        assert_eq!(met.len(), 1, "{:#?}", self.events());
        assert_eq!(met[0].late, late, "{:#?}", met[0]);
        self
    }

    /// Breaches, reminders and escalations so far: instant and a word for each.
    pub fn alarms(&self) -> Vec<(Instant, String)> {
        let words = self.entries().filter_map(|entry| {
            let rung = |it: &RungReached| format!("{:?} {}.{}", it.act, it.rung, it.nth);
            let word = match &entry.decided.event {
                Event::DeadlineBreached(_) => "breach".to_owned(),
                Event::ReminderDue(it) | Event::EscalationRaised(it) => rung(it),
                _ => return None,
            };
            Some((entry.decided.at, word))
        });
        words.collect()
    }

    /// A case that must be there.
    #[track_caller]
    pub fn case(&self, id: &str) -> Arc<Case> {
        let id = CaseId::new(id).expect("a case's id");
        self.state.case(&id).expect("a state").unwrap_or_else(|| panic!("there is no case {id}"))
    }

    /// Whether a case is there.
    pub fn has_case(&self, id: &str) -> bool {
        self.state.case(&CaseId::new(id).expect("a case's id")).expect("a state").is_some()
    }

    /// A deadline of a case that must be there.
    #[track_caller]
    pub fn deadline(&self, id: &str, clock: &str) -> Deadline {
        let case = self.case(id);
        let clock = Name::new(clock).expect("a clock's name");
        let found = case.deadlines.iter().find(|deadline| deadline.clock == clock).cloned();
        found.unwrap_or_else(|| panic!("{id} has no clock {clock}: {case:#?}"))
    }

    /// What stands at a deadline.
    #[track_caller]
    pub fn term(&self, id: &str, clock: &str) -> Term {
        self.deadline(id, clock).term
    }

    /// The state after folding some entries of the ledger anew, stored every
    /// `each` entries.
    pub fn refold(&self, until: Seq, each: usize) -> (TestState, MemoryStore) {
        let store = MemoryStore::new();
        let mut state = State::load(Stored(store.clone()), &self.tenant).expect("a state");
        fold_into(&mut state, &store, &self.ledger[..until.0 as usize], each);
        (state, store)
    }

    /// An engine that died after `until` and was started again with a store made
    /// from the ledger; what it had in memory is gone.
    pub fn restarted(&self, until: Seq) -> Self {
        let (_, store) = self.refold(until, 50);
        let mut given = Self::on(&self.tenant, store, self.now, self.next);
        given.delivery = self.delivery;
        given.ledger = self.ledger[..until.0 as usize].to_vec();
        given
    }

    /// Reads the intake on from where the ledger ends, as a leader that starts.
    pub fn resume(&mut self, intake: &[Received]) {
        self.sweep();
        let decided = self.state.checkpoint().decided;
        for received in intake.iter().filter(|received| received.seq > decided) {
            self.deliver(received);
        }
    }
}

/// Folds entries on, storing every `each`.
pub fn fold_into(state: &mut TestState, store: &MemoryStore, entries: &[Outgoing], each: usize) {
    for group in entries.chunks(each.max(1)) {
        for out in group {
            let entry = Entry::read(&out.body).expect("an entry");
            evolve(state, &entry, Sha::of(&out.body)).unwrap_or_else(|error| panic!("failed to {error}"));
        }
        let layer = state.seal().expect("a layer");
        commit(store, settle(&layer, &Stored(store.clone())).expect("rows")).expect("a commit");
        state.release();
    }
}
