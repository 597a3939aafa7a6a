//! The rules of exposure and sharing said in the languages of other engines: Cedar policies and Rego. Written from the
//! rules (docs/exposure.md, docs/sharing.md), not from our engine, so that a difference means that one of us is wrong.

pub mod cedar;
pub mod rego;
