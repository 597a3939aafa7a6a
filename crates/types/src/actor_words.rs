//! Actors of events, for a person to read.

/// Who made a change of `owner`'s data, as the beginning of a sentence to that owner. `actor`: as events have it.
pub fn actor_words(actor: &str, owner: &str) -> String {
    match actor.split_once(':') {
        Some(("user", user)) if user == owner => "You".to_owned(),
        Some(("user", "")) => "A person who was erased".to_owned(),
        Some(("user", user)) => format!("`{user}`"),
        // A plaintext connection has no certificate that names the peer.
        Some(("service", "unauthenticated")) => "A service".to_owned(),
        Some(("operator", "unauthenticated")) => "An operator".to_owned(),
        Some(("service", id)) => format!("The service `{id}`"),
        Some(("operator", id)) => format!("The operator `{id}`"),
        Some(_) | None => "The system".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actors_are_named_by_their_kind() {
        for (actor, words) in [
            ("user:ann", "You"),
            ("user:bob:x", "`bob:x`"),
            ("user:", "A person who was erased"),
            ("service:spiffe://ofself.ai/follows", "The service `spiffe://ofself.ai/follows`"),
            ("service:unauthenticated", "A service"),
            ("operator:unauthenticated", "An operator"),
            ("operator:spiffe://ofself.ai/operator", "The operator `spiffe://ofself.ai/operator`"),
            ("system", "The system"),
            ("", "The system"),
        ] {
            assert_eq!(actor_words(actor, "ann"), words);
        }
    }
}
