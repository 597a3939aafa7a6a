//! Whether some node could satisfy a predicate. The tags of a node are free; it has one type and one schema at most.
//!
//! Formulas of a few hundred parts can be too hard for anybody to decide. So each profile has an [`Effort`]; what it does not
//! suffice for is not decided, and the same each time.

use std::{cell::Cell, collections::HashMap, rc::Rc};

use batsat::{Callbacks, ClauseKind, Lit, Solver, SolverInterface, SolverOpts, lbool};

use crate::domain::exposure::Predicate;

/// Contradictions that may be met on the way to all that is said of one profile. Profiles as people write them meet a few.
const CONTRADICTIONS: u32 = 2_000;

/// How much may still be thought about a profile.
#[derive(Clone)]
pub(super) struct Effort(Rc<Cell<u32>>);

impl Default for Effort {
    fn default() -> Self {
        Self(Rc::new(Cell::new(CONTRADICTIONS)))
    }
}

impl Callbacks for Effort {
    /// A clause is learnt at each contradiction.
    fn on_new_clause(&mut self, _: &[Lit], kind: ClauseKind) {
        if matches!(kind, ClauseKind::Learnt) {
            self.0.set(self.0.get().saturating_sub(1));
        }
    }

    fn stop(&self) -> bool {
        self.0.get() == 0
    }
}

/// Whether some node satisfies `predicate`; `None`: it is too hard to say.
pub(super) fn is_satisfiable(predicate: &Predicate, effort: &Effort) -> Option<bool> {
    let mut encoder = Encoder::new(effort);
    let root = encoder.encode(predicate);
    encoder.solve(root)
}

/// Whether every node does; `None`: it is too hard to say.
pub(super) fn is_valid(predicate: &Predicate, effort: &Effort) -> Option<bool> {
    let mut encoder = Encoder::new(effort);
    let root = encoder.encode(predicate);
    encoder.solve(!root).map(|some_do_not| !some_do_not)
}

/// Whether both are satisfied by the same nodes; `None`: it is too hard to say.
pub(super) fn are_equal(one: &Predicate, other: &Predicate, effort: &Effort) -> Option<bool> {
    let mut encoder = Encoder::new(effort);
    let (one, other) = (encoder.encode(one), encoder.encode(other));
    let differ = encoder.fresh();
    // differ -> (one xor other)
    encoder.clause(&[!differ, one, other]);
    encoder.clause(&[!differ, !one, !other]);
    encoder.solve(differ).map(|some_tell_them_apart| !some_tell_them_apart)
}

/// Writes predicates as clauses, each part of a tree with a variable of its own (G. Tseitin, 1968).
struct Encoder<'a> {
    solver: Solver<Effort>,
    atoms: HashMap<Atom<'a>, Lit>,
    /// Whether one of the types named so far is the node's, and one of the schemas.
    types: Option<Lit>,
    schemas: Option<Lit>,
}

/// What is true or false of a node by itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Atom<'a> {
    Tag(&'a str),
    Type(&'a str),
    Schema(&'a str),
    /// It was made in the range: a profile has one range.
    InRange,
    /// It is one of those that were picked: a profile has one list of these.
    Picked,
    True,
}

impl<'a> Encoder<'a> {
    fn new(effort: &Effort) -> Self {
        let solver = Solver::new(SolverOpts::default(), effort.clone());
        Self { solver, atoms: HashMap::new(), types: None, schemas: None }
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
                let below: Vec<_> = below.iter().map(|predicate| !self.encode(predicate)).collect();
                !self.all(&below)
            }
            Predicate::Not(below) => !self.encode(below),
            Predicate::HasTag(tag) => self.atom(Atom::Tag(tag.as_str())),
            Predicate::TypeIn(types) => {
                let none: Vec<_> = types.iter().map(|kind| !self.atom(Atom::Type(kind.as_str()))).collect();
                !self.all(&none)
            }
            Predicate::SchemaIn(schemas) => {
                let none: Vec<_> = schemas.iter().map(|schema| !self.atom(Atom::Schema(schema.as_str()))).collect();
                !self.all(&none)
            }
            Predicate::CreatedBetween { .. } => self.atom(Atom::InRange),
            Predicate::IdIn(_) => self.atom(Atom::Picked),
        }
    }

    fn all(&mut self, literals: &[Lit]) -> Lit {
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
            Atom::Type(_) => self.types = Some(self.at_most_one(self.types, literal)),
            Atom::Schema(_) => self.schemas = Some(self.at_most_one(self.schemas, literal)),
            Atom::Tag(_) | Atom::InRange | Atom::Picked => {}
        }
        literal
    }

    /// Sees to it that `literal` is not true beside one of those `before`; answers what is true when one of all is.
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
        // What it answers, whether the clauses can still hold, is asked at the end.
        let _ = self.solver.add_clause_reuse(&mut literals.to_vec());
    }

    fn solve(&mut self, root: Lit) -> Option<bool> {
        let found = self.solver.solve_limited(&[root]);
        if found == lbool::UNDEF { None } else { Some(found == lbool::TRUE) }
    }
}
