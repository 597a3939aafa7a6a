//! Whether some node could satisfy a predicate. The tags of a node are free; it has one type and one schema at most.

use std::collections::HashMap;

use batsat::{BasicSolver, Lit, SolverInterface, lbool};

use crate::domain::exposure::Predicate;

/// Whether some node satisfies `predicate`.
pub(super) fn is_satisfiable(predicate: &Predicate) -> bool {
    let mut encoder = Encoder::default();
    let root = encoder.encode(predicate);
    encoder.solve(root)
}

/// Whether every node does.
pub(super) fn is_valid(predicate: &Predicate) -> bool {
    let mut encoder = Encoder::default();
    let root = encoder.encode(predicate);
    !encoder.solve(!root)
}

/// Whether both are satisfied by the same nodes.
pub(super) fn are_equal(one: &Predicate, other: &Predicate) -> bool {
    let mut encoder = Encoder::default();
    let (one, other) = (encoder.encode(one), encoder.encode(other));
    let differ = encoder.fresh();
    // differ -> (one xor other)
    encoder.clause(&[!differ, one, other]);
    encoder.clause(&[!differ, !one, !other]);
    !encoder.solve(differ)
}

/// Writes predicates as clauses, each part of a tree with a variable of its own (G. Tseitin, 1968).
#[derive(Default)]
struct Encoder<'a> {
    solver: BasicSolver,
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

    fn solve(&mut self, root: Lit) -> bool {
        self.solver.solve_limited(&[root]) == lbool::TRUE
    }
}
