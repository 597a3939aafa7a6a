//! A JSON document that is written in pieces.

use persistence::{
    Database,
    feed::{EventFilter, EventRow, FeedPage, FeedPosition},
    usage_days::UsageDay,
};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use types::{Id, Timestamp, User};

/// Events of one read.
const PAGE: usize = 100;
/// Pieces that wait for the connection.
const AHEAD: usize = 2;

/// Bytes of one piece: clients accept messages of 4 MiB by default.
const MAX_PIECE: usize = 256 * 1024;

/// Runs `write` in a task that ends when the receiver is dropped.
pub fn export<E: Send + 'static, F: Future<Output = Result<(), E>> + Send>(
    write: impl FnOnce(Pieces<E>) -> F + Send + 'static,
) -> mpsc::Receiver<Result<String, E>> {
    let (pieces, receiver) = mpsc::channel(AHEAD);
    tokio::spawn(async move {
        let ended = tokio::select! {
            () = pieces.closed() => return,
            ended = write(pieces.clone()) => ended,
        };
        if let Err(error) = ended {
            let _ = pieces.send(Err(error)).await;
        }
    });
    receiver
}

/// The pieces of a document, in order.
pub type Pieces<E> = mpsc::Sender<Result<String, E>>;

/// A document with lists, whose pieces are sent as they come.
pub struct Document<'a, E> {
    pieces: &'a Pieces<E>,
    is_first: bool,
}

impl<'a, E> Document<'a, E> {
    /// Begins the document of a service about a user.
    pub async fn begin(pieces: &'a Pieces<E>, service: &str, user: &Id<User>, exported_at: Timestamp) -> Self {
        let document = Self { pieces, is_first: true };
        let (service, user, at) = (json!(service), json!(user.as_str()), json!(exported_at.to_string()));
        let head = format!("{{\"service\": {service}, \"user_id\": {user}, \"exported_at\": {at}");
        document.send(head).await;
        document
    }

    /// Begins a member that is a list.
    pub async fn begin_list(&mut self, name: &str) {
        self.is_first = true;
        self.send(format!(",\n\"{name}\": [")).await;
    }

    /// Adds items to the list.
    pub async fn add(&mut self, items: impl Iterator<Item = Value>) {
        let mut piece = String::new();
        for item in items {
            piece.push_str(if std::mem::take(&mut self.is_first) { "\n" } else { ",\n" });
            piece.push_str(&item.to_string());
        }
        if !piece.is_empty() {
            self.send(piece).await;
        }
    }

    /// Adds the list of the events of a user's data, each as `show` returns it; `None`: it is left out.
    pub async fn add_events(
        &mut self,
        database: &Database,
        user: &Id<User>,
        show: impl Fn(&EventRow) -> anyhow::Result<Option<Value>>,
    ) -> anyhow::Result<()> {
        self.begin_list("events").await;
        let filter = EventFilter { owner: Some(user.to_string()), ..EventFilter::default() };
        let mut after = FeedPosition::default();
        loop {
            let FeedPage { events, last, is_full } = database.list_events(&filter, after, PAGE).await?;
            let shown = events.iter().map(&show).collect::<anyhow::Result<Vec<_>>>()?;
            self.add(shown.into_iter().flatten()).await;
            after = last;
            if !is_full {
                break;
            }
        }
        self.end_list().await;
        Ok(())
    }

    /// Adds a list of daily rows of uses.
    pub async fn add_usage(&mut self, name: &str, database: &Database, which: UsageList<'_>) -> anyhow::Result<()> {
        self.begin_list(name).await;
        let mut after = (String::new(), i64::MIN);
        loop {
            let (last_id, last_day) = (after.0.as_str(), after.1);
            let rows = match which {
                UsageList::OfTheirData(user) => database.usage_of(user.as_str(), (last_id, last_day)).await?,
                UsageList::ByThem(user) => database.usage_by(user.as_str(), (last_id, last_day)).await?,
            };
            let Some(last) = rows.last() else { break };
            after = match which {
                UsageList::OfTheirData(_) => (last.other.clone(), last.day),
                UsageList::ByThem(_) => (last.owner.clone(), last.day),
            };
            self.add(rows.iter().map(usage)).await;
        }
        self.end_list().await;
        Ok(())
    }

    /// Ends the list.
    pub async fn end_list(&mut self) {
        self.send("]".to_owned()).await;
    }

    /// Ends the document.
    pub async fn end(self) {
        self.send("}\n".to_owned()).await;
    }

    async fn send(&self, piece: String) {
        let mut rest = piece.as_str();
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.floor_char_boundary(MAX_PIECE));
            // Without a receiver the writer is dropped.
            let _ = self.pieces.send(Ok(piece.to_owned())).await;
            rest = after;
        }
    }
}

/// Which uses a list of an export has.
#[derive(Clone, Copy, Debug)]
pub enum UsageList<'a> {
    /// Of this user's data, by others.
    OfTheirData(&'a Id<User>),
    /// By this user, of others' data.
    ByThem(&'a Id<User>),
}

fn usage(row: &UsageDay) -> Value {
    let UsageDay { owner, other, day, last_at, asked, shown } = row;
    let midnight = Timestamp::from_parts(day.saturating_mul(24 * 60 * 60), 0).map(|time| time.to_string()).ok();
    let date = midnight.as_deref().and_then(|time| time.split('T').next());
    json!({
        "owner_id": owner,
        "used_by": other,
        "day": date,
        "last_at": last_at.to_string(),
        "asked": asked,
        "shown": shown,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn begin(pieces: &Pieces<()>) -> Document<'_, ()> {
        let at = Timestamp::from_parts(1_767_225_600, 0).unwrap();
        Document::begin(pieces, "sharing", &Id::parse("ann").unwrap(), at).await
    }

    #[tokio::test]
    async fn large_items_are_sent_in_pieces() {
        let (chunks, mut pieces) = mpsc::channel::<Result<String, ()>>(100);
        let mut document = begin(&chunks).await;
        let large = "é".repeat(MAX_PIECE);
        document.add([json!(large)].into_iter()).await;
        drop(chunks);
        let mut text = String::new();
        while let Some(piece) = pieces.recv().await {
            let piece = piece.unwrap();
            assert!(piece.len() <= MAX_PIECE, "{} bytes", piece.len());
            text.push_str(&piece);
        }
        assert!(text.contains(&large));
    }

    #[tokio::test]
    async fn pieces_are_one_document() {
        let (chunks, mut pieces) = mpsc::channel::<Result<String, ()>>(100);
        let mut document = begin(&chunks).await;
        for (name, items) in [("none", 0), ("some", 3)] {
            document.begin_list(name).await;
            document.add((0..items).map(|number| json!({"number": number}))).await;
            document.add(std::iter::empty()).await;
            document.end_list().await;
        }
        document.end().await;
        drop(chunks);
        let mut text = String::new();
        while let Some(piece) = pieces.recv().await {
            text.push_str(&piece.unwrap());
        }
        let read: Value = serde_json::from_str(&text).unwrap();
        let some = [json!({"number": 0}), json!({"number": 1}), json!({"number": 2})];
        let head = json!({"service": "sharing", "user_id": "ann", "exported_at": "2026-01-01T00:00:00Z"});
        for (name, value) in head.as_object().unwrap() {
            assert_eq!(read[name], *value);
        }
        assert_eq!((&read["none"], &read["some"]), (&json!([]), &json!(some)));
    }
}
