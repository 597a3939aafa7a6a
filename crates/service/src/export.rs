//! A JSON document that is written in pieces.

use serde_json::Value;
use tokio::sync::mpsc;

/// Bytes of one piece: clients accept messages of 4 MiB by default.
const MAX_PIECE: usize = 256 * 1024;

/// A document with lists, whose pieces are sent as they come.
pub struct Document<'a, E> {
    chunks: &'a mpsc::Sender<Result<String, E>>,
    is_first: bool,
}

impl<'a, E> Document<'a, E> {
    /// Begins the document with these members.
    pub async fn begin<const N: usize>(chunks: &'a mpsc::Sender<Result<String, E>>, head: [(&str, Value); N]) -> Self {
        let members: Vec<_> = head.iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
        let document = Self { chunks, is_first: true };
        document.send(format!("{{{}", members.join(", "))).await;
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
            let _ = self.chunks.send(Ok(piece.to_owned())).await;
            rest = after;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn large_items_are_sent_in_pieces() {
        let (chunks, mut pieces) = mpsc::channel::<Result<String, ()>>(100);
        let mut document = Document::begin(&chunks, []).await;
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
        let mut document = Document::begin(&chunks, [("a", json!("x\"y")), ("b", json!(2))]).await;
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
        assert_eq!(read, json!({"a": "x\"y", "b": 2, "none": [], "some": some}));
    }
}
