//! Whether some node could satisfy a predicate, decided by a SAT solver. The tags of a node are free; it has one id, one type, one
//! schema at most and one time of creation.
//!
//! Formulas of a few hundred parts can be too hard to decide. So each analysis has an [`Effort`], a number of conflicts of the
//! solver; what it does not suffice for is not decided, and the same each time.

use std::{
    cell::Cell,
    collections::{BTreeMap, HashMap},
    rc::Rc,
};

use batsat::{Callbacks, ClauseKind, Lit, Solver, SolverInterface, SolverOpts, lbool};
use types::Timestamp;

use crate::domain::exposure::Predicate;

/// Conflicts that one analysis may meet. Profiles as people write them meet a few.
const CONFLICTS: u32 = 2_000;

/// How many conflicts are left to an analysis.
#[derive(Clone)]
pub(super) struct Effort(Rc<Cell<u32>>);

impl Default for Effort {
    fn default() -> Self {
        Self(Rc::new(Cell::new(CONFLICTS)))
    }
}

impl Callbacks for Effort {
    /// A clause is learnt at each conflict.
    fn on_new_clause(&mut self, _: &[Lit], kind: ClauseKind) {
        if matches!(kind, ClauseKind::Learnt) {
            self.0.set(self.0.get().saturating_sub(1));
        }
    }

    fn stop(&self) -> bool {
        self.0.get() == 0
    }
}

/// Whether some node satisfies `predicate`; `None`: undecided.
pub(super) fn is_satisfiable(predicate: &Predicate, effort: &Effort) -> Option<bool> {
    let mut encoder = Encoder::new(effort);
    let root = encoder.encode(predicate);
    encoder.solve(root)
}

/// Whether every node does; `None`: undecided.
pub(super) fn is_valid(predicate: &Predicate, effort: &Effort) -> Option<bool> {
    let mut encoder = Encoder::new(effort);
    let root = encoder.encode(predicate);
    encoder.solve(!root).map(|some_do_not| !some_do_not)
}

/// Whether the same nodes satisfy both; `None`: undecided.
pub(super) fn are_equal(one: &Predicate, other: &Predicate, effort: &Effort) -> Option<bool> {
    let mut encoder = Encoder::new(effort);
    let (one, other) = (encoder.encode(one), encoder.encode(other));
    let differ = encoder.fresh();
    // differ -> (one xor other)
    encoder.clause(&[!differ, one, other]);
    encoder.clause(&[!differ, !one, !other]);
    encoder.solve(differ).map(|some_tell_them_apart| !some_tell_them_apart)
}

/// Facts of one node that satisfies `predicate` and not `other`. `Ok(None)`: there is none; `Err`: undecided.
pub(super) fn difference<'a>(
    predicate: &'a Predicate,
    other: &'a Predicate,
    effort: &Effort,
) -> Result<Option<Facts<'a>>, TooHard> {
    let mut encoder = Encoder::new(effort);
    let (is_in, is_in_other) = (encoder.encode(predicate), encoder.encode(other));
    let both = encoder.all(&[is_in, !is_in_other]);
    match encoder.solve(both) {
        Some(true) => Ok(Some(encoder.facts())),
        Some(false) => Ok(None),
        None => Err(TooHard),
    }
}

/// The conflicts of an analysis did not suffice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooHard;

/// The facts of a node that predicates refer to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts<'a> {
    pub(super) tag_ids: Vec<&'a str>,
    pub(super) tag_names: Vec<&'a str>,
    /// `None`: an unnamed one.
    pub(super) id: Option<&'a str>,
    pub(super) node_type: Option<&'a str>,
    pub(super) schema: Option<&'a str>,
    /// It was created at or after the last of these, and before the first of the others.
    pub(super) created_from: Option<Timestamp>,
    pub(super) created_before: Option<Timestamp>,
}

/// Writes predicates as clauses, each part of a tree with a variable of its own (G. Tseitin, 1968).
struct Encoder<'a> {
    solver: Solver<Effort>,
    atoms: HashMap<Atom<'a>, Lit>,
    /// Whether the node was created at this time or later.
    created_from: BTreeMap<Timestamp, Lit>,
    /// Whether one of the ids named so far is the node's; one of the types; one of the schemas.
    ids: Option<Lit>,
    types: Option<Lit>,
    schemas: Option<Lit>,
}

/// An atomic fact of a node.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Atom<'a> {
    TagId(&'a str),
    TagName(&'a str),
    Type(&'a str),
    Schema(&'a str),
    Id(&'a str),
    True,
}

impl<'a> Encoder<'a> {
    fn new(effort: &Effort) -> Self {
        let solver = Solver::new(SolverOpts::default(), effort.clone());
        Self { solver, atoms: HashMap::new(), created_from: BTreeMap::new(), ids: None, types: None, schemas: None }
    }

    fn encode(&mut self, predicate: &'a Predicate) -> Lit {
        match predicate {
            Predicate::Everything => self.atom(Atom::True),
            Predicate::Nothing => !self.atom(Atom::True),
            Predicate::All(below) => {
                let below: Vec<_> = below.iter().map(|predicate| self.encode(predicate)).collect();
                self.all(&below)
            }
            Predicate::Any(below) => {
                let below: Vec<_> = below.iter().map(|predicate| self.encode(predicate)).collect();
                self.any(&below)
            }
            Predicate::Not(below) => !self.encode(below),
            Predicate::HasTagId(id) => self.atom(Atom::TagId(id.as_str())),
            Predicate::HasTagName(name) => self.atom(Atom::TagName(name.as_str())),
            Predicate::TypeIn(types) => self.one_of(types.iter().map(|kind| Atom::Type(kind.as_str()))),
            Predicate::SchemaIn(schemas) => self.one_of(schemas.iter().map(|schema| Atom::Schema(schema.as_str()))),
            Predicate::IdIn(ids) => self.one_of(ids.iter().map(|id| Atom::Id(id.as_str()))),
            Predicate::CreatedBetween { start, end } => {
                let start = start.map(|start| self.created_from(start));
                let end = end.map(|end| !self.created_from(end));
                let bounds: Vec<_> = start.into_iter().chain(end).collect();
                self.all(&bounds)
            }
        }
    }

    fn one_of(&mut self, atoms: impl Iterator<Item = Atom<'a>>) -> Lit {
        let atoms: Vec<_> = atoms.map(|atom| self.atom(atom)).collect();
        self.any(&atoms)
    }

    fn any(&mut self, literals: &[Lit]) -> Lit {
        let none: Vec<_> = literals.iter().map(|literal| !*literal).collect();
        !self.all(&none)
    }

    fn all(&mut self, literals: &[Lit]) -> Lit {
        if let [only] = literals {
            return *only;
        }
        let whole = self.fresh();
        let mut any_fails = vec![whole];
        for literal in literals {
            self.clause(&[!whole, *literal]);
            any_fails.push(!*literal);
        }
        self.clause(&any_fails);
        whole
    }

    fn atom(&mut self, atom: Atom<'a>) -> Lit {
        if let Some(known) = self.atoms.get(&atom) {
            return *known;
        }
        let literal = self.fresh();
        self.atoms.insert(atom, literal);
        match atom {
            Atom::True => self.clause(&[literal]),
            Atom::Id(_) => self.ids = Some(self.at_most_one(self.ids, literal)),
            Atom::Type(_) => self.types = Some(self.at_most_one(self.types, literal)),
            Atom::Schema(_) => self.schemas = Some(self.at_most_one(self.schemas, literal)),
            Atom::TagId(_) | Atom::TagName(_) => {}
        }
        literal
    }

    /// Whether the node was created at `time` or later: if so, also at or after every earlier time.
    fn created_from(&mut self, time: Timestamp) -> Lit {
        if let Some(known) = self.created_from.get(&time) {
            return *known;
        }
        let literal = self.fresh();
        let earlier = self.created_from.range(..time).next_back().map(|(_, earlier)| *earlier);
        let later = self.created_from.range(time..).next().map(|(_, later)| *later);
        if let Some(earlier) = earlier {
            self.clause(&[!literal, earlier]);
        }
        if let Some(later) = later {
            self.clause(&[!later, literal]);
        }
        self.created_from.insert(time, literal);
        literal
    }

    /// Sees to it that `literal` is not true beside one of those `before`; returns what is true when one of all is.
    fn at_most_one(&mut self, before: Option<Lit>, literal: Lit) -> Lit {
        let so_far = self.fresh();
        self.clause(&[!literal, so_far]);
        if let Some(before) = before {
            self.clause(&[!before, so_far]);
            self.clause(&[!before, !literal]);
        }
        so_far
    }

    fn fresh(&mut self) -> Lit {
        Lit::new(self.solver.new_var_default(), true)
    }

    fn clause(&mut self, literals: &[Lit]) {
        // Its result (satisfiable so far) is checked at the end.
        let _ = self.solver.add_clause_reuse(&mut literals.to_vec());
    }

    fn solve(&mut self, root: Lit) -> Option<bool> {
        let found = self.solver.solve_limited(&[root]);
        if found == lbool::UNDEF { None } else { Some(found == lbool::TRUE) }
    }

    /// The facts of the model.
    fn facts(&self) -> Facts<'a> {
        let is_true = |literal: &Lit| self.solver.value_lit(*literal) == lbool::TRUE;
        let mut facts = Facts::default();
        for (atom, _) in self.atoms.iter().filter(|(_, literal)| is_true(literal)) {
            match atom {
                Atom::TagId(id) => facts.tag_ids.push(id),
                Atom::TagName(name) => facts.tag_names.push(name),
                Atom::Type(kind) => facts.node_type = Some(kind),
                Atom::Schema(schema) => facts.schema = Some(schema),
                Atom::Id(id) => facts.id = Some(id),
                Atom::True => {}
            }
        }
        facts.tag_ids.sort_unstable();
        facts.tag_names.sort_unstable();
        facts.created_from =
            self.created_from.iter().filter(|(_, literal)| is_true(literal)).map(|(time, _)| *time).next_back();
        facts.created_before = self.created_from.iter().find(|(_, literal)| !is_true(literal)).map(|(time, _)| *time);
        facts
    }
}
