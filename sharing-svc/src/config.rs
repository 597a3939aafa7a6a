//! The settings of this service.

use crate::domain::{Quotas, Usage};

/// The settings of `sharing-svc serve`.
pub type Settings = service::Settings<QuotaSettings>;

/// Quotas of shares.
#[derive(clap::Args, Clone, Debug)]
pub struct QuotaSettings {
    /// Active shares of one owner with one recipient; the re-shares to that recipient have the same limit
    #[arg(long, env = "MAX_SHARES_PER_RECIPIENT", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub max_shares_per_recipient: u32,
    /// Ids that these shares may name together; as many may be named by the re-shares
    #[arg(long, env = "MAX_IDS_PER_RECIPIENT", default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1_000..=1_000_000))]
    pub max_ids_per_recipient: u32,
    /// Bytes of these ids; the re-shares have the same limit
    #[arg(long, env = "MAX_ID_BYTES_PER_RECIPIENT", default_value_t = 8 * 1024 * 1024, value_parser = clap::value_parser!(u32).range(131_072..))]
    pub max_id_bytes_per_recipient: u32,
    /// Active re-shares of one owner's data that one user may have created
    #[arg(long, env = "MAX_RESHARES_PER_CREATOR", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_reshares_per_creator: u32,
    /// Active shares of one owner; re-shares of their data have the same limit
    #[arg(long, env = "MAX_SHARES_PER_OWNER", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_shares_per_owner: u32,
}

impl QuotaSettings {
    /// The quotas that they set.
    pub fn quotas(&self) -> Quotas {
        Quotas {
            pair: Usage {
                shares: self.max_shares_per_recipient.into(),
                ids: self.max_ids_per_recipient.into(),
                id_bytes: self.max_id_bytes_per_recipient.into(),
            },
            reshares_per_creator: self.max_reshares_per_creator.into(),
            shares_per_owner: self.max_shares_per_owner.into(),
        }
    }
}

impl Default for QuotaSettings {
    fn default() -> Self {
        Self {
            max_shares_per_recipient: 1_000,
            max_ids_per_recipient: 20_000,
            max_id_bytes_per_recipient: 8 * 1024 * 1024,
            max_reshares_per_creator: 1_000,
            max_shares_per_owner: 100_000,
        }
    }
}
