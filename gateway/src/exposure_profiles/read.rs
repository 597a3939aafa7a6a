//! The bodies of requests on exposure profiles.

use ofself_proto::exposure::{
    CreateProfileFromTemplateRequest, CreateProfileRequest, DetailLevel, ProfileDraft, TagFilters, TagsLogic,
    UpdateProfileRequest,
};
use types::{FieldErrors, FieldUpdate};

use super::{
    legacy_scope,
    permissions::{read_schema_permissions, read_tag_permissions},
    tag_expression,
};
use crate::json::{Fields, Json, Mask, ReadOnly};

/// The members of a profile that cannot be changed.
const READ_ONLY: [&str; 6] = ["id", "owner_id", "created_at", "updated_at", "warnings", "yaml"];

/// The body of `POST /exposure-profiles`.
pub(super) fn create(members: Vec<(String, Json)>, errors: &mut FieldErrors) -> CreateProfileRequest {
    let mut fields = Fields::of_body(members, errors);
    for name in legacy_scope::STANDS_FOR {
        // In an update null would clear it, and stand against what `scope` says.
        fields.ignore_null(name);
    }
    let draft = draft(&mut fields, &mut Mask::default());
    fields.finish();
    CreateProfileRequest { profile: Some(draft), validate_only: false, dry_run: false }
}

/// The body of `PUT /exposure-profiles/{profile_id}`: what is there is changed, what is null is cleared.
pub(super) fn update(
    profile_id: String,
    expected_versions: Vec<i64>,
    members: Vec<(String, Json)>,
    errors: &mut FieldErrors,
) -> (UpdateProfileRequest, ReadOnly) {
    let mut fields = Fields::of_body(members, errors);
    let mut mask = Mask::default();
    let read_only = ReadOnly::take(&mut fields, &READ_ONLY);
    let draft = draft(&mut fields, &mut mask);
    let is_active = mask.name("is_active", fields.boolean("is_active"));
    let is_default = mask.name("is_default", fields.boolean("is_default"));
    fields.finish();
    let request = UpdateProfileRequest {
        profile_id,
        profile: Some(draft),
        is_active,
        is_default,
        update_mask: Some(mask.into_wire()),
        expected_versions,
        validate_only: false,
        dry_run: false,
    };
    (request, read_only)
}

/// The body of `POST /exposure-profiles/from-template`.
pub(super) fn from_template(
    members: Vec<(String, Json)>,
    errors: &mut FieldErrors,
) -> CreateProfileFromTemplateRequest {
    let mut fields = Fields::of_body(members, errors);
    let template = fields.string("template").over(None).unwrap_or_default();
    let name = fields.string("name").over(None);
    fields.finish();
    CreateProfileFromTemplateRequest { template, name, validate_only: false }
}

fn draft(fields: &mut Fields<'_>, mask: &mut Mask) -> ProfileDraft {
    let mut earlier = ProfileDraft::default();
    legacy_scope::read(fields, &mut earlier, mask);
    let list = |mask: &mut Mask, fields: &mut Fields<'_>, name: &str, earlier: &mut Vec<String>| {
        mask.name(name, fields.strings(name)).unwrap_or_else(|| std::mem::take(earlier))
    };
    ProfileDraft {
        name: mask.name("name", fields.string("name")),
        description: mask.name("description", fields.string("description")),
        tag_filters: tag_filters(fields, mask),
        tag_expression: mask.name("tag_expression", tag_expression::read(fields)),
        allowed_tag_ids: list(mask, fields, "allowed_tag_ids", &mut earlier.allowed_tag_ids),
        allowed_tags_logic: mask.name("allowed_tags_logic", tags_logic(fields)).unwrap_or_default(),
        excluded_tag_ids: list(mask, fields, "excluded_tag_ids", &mut earlier.excluded_tag_ids),
        allowed_node_ids: mask.name("allowed_node_ids", fields.strings("allowed_node_ids")).unwrap_or_default(),
        allowed_node_types: list(mask, fields, "allowed_node_types", &mut earlier.allowed_node_types),
        excluded_node_types: mask
            .name("excluded_node_types", fields.strings("excluded_node_types"))
            .unwrap_or_default(),
        date_range_start: mask.name("date_range_start", fields.timestamp("date_range_start")),
        date_range_end: mask.name("date_range_end", fields.timestamp("date_range_end")),
        transformations: mask.name("transformations", fields.strings("transformations")).unwrap_or_default(),
        max_detail_level: mask.name("max_detail_level", detail_level(fields)).unwrap_or_default(),
        tag_permissions: mask.name("tag_permissions", read_tag_permissions(fields)).or(earlier.tag_permissions),
        schema_permissions: mask.name("schema_permissions", read_schema_permissions(fields)),
    }
}

/// The lists of `tag_filters`, of which an update changes those that are there; null clears all of them.
fn tag_filters(fields: &mut Fields<'_>, mask: &mut Mask) -> Option<TagFilters> {
    let read = fields.object("tag_filters", |filters| {
        let mut named = Mask::default();
        let mut list = |name: &str| {
            let edit = filters.strings(name);
            named.name(&format!("tag_filters.{name}"), edit).unwrap_or_default()
        };
        let (include_all, include_any, exclude_any) = (list("include_all"), list("include_any"), list("exclude_any"));
        (TagFilters { include_all, include_any, exclude_any }, named)
    });
    match read {
        FieldUpdate::Keep => None,
        FieldUpdate::Clear => mask.name("tag_filters", FieldUpdate::Clear),
        FieldUpdate::Set((filters, named)) => {
            mask.append(named);
            Some(filters)
        }
    }
}

fn tags_logic(fields: &mut Fields<'_>) -> FieldUpdate<i32> {
    fields.word("allowed_tags_logic", "must be OR or AND", |word| match word {
        "OR" => Some(TagsLogic::Or.into()),
        "AND" => Some(TagsLogic::And.into()),
        _ => None,
    })
}

fn detail_level(fields: &mut Fields<'_>) -> FieldUpdate<i32> {
    fields.word("max_detail_level", "must be full, summary or minimal", |word| match word {
        "full" => Some(DetailLevel::Full.into()),
        "summary" => Some(DetailLevel::Summary.into()),
        "minimal" => Some(DetailLevel::Minimal.into()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use utoipa::PartialSchema;

    use super::*;
    use crate::{
        description::agreement::{self, words},
        exposure_profiles::schema,
    };

    #[test]
    fn what_is_described_is_what_is_read() {
        agreement::holds(&schema::NewProfile::schema(), |members, errors| {
            create(members, errors);
        });
        agreement::holds(&schema::ProfileChange::schema(), |members, errors| {
            update(String::new(), Vec::new(), members, errors);
        });
        agreement::holds(&schema::ProfileFromTemplate::schema(), |members, errors| {
            from_template(members, errors);
        });
    }

    #[test]
    fn the_parts_that_are_described_are_those_that_are_read() {
        let within = |schema, path: &'static str| {
            agreement::holds(&schema, move |members, errors| {
                let inside = path
                    .rsplit('.')
                    .fold(Json::Object(members), |inside, name| Json::Object(vec![(name.to_owned(), inside)]));
                create(inside.into_object().unwrap_or_default(), errors);
            });
        };
        within(schema::TagFilters::schema(), "tag_filters");
        within(schema::TagPermissions::schema(), "tag_permissions");
        within(schema::TagGrant::schema(), "tag_permissions.read");
        within(schema::NewTagGrant::schema(), "tag_permissions.create");
        within(schema::SchemaPermissions::schema(), "schema_permissions");
        within(schema::SchemaGrant::schema(), "schema_permissions.write");
        within(schema::EarlierScope::schema(), "scope");
        within(schema::TagCondition::schema(), "tag_expression");
        within(schema::TagOperation::schema(), "tag_expression");
    }

    #[test]
    fn the_words_that_are_described_are_those_that_are_read() {
        for (schema, name) in
            [(schema::TagsLogic::schema(), "allowed_tags_logic"), (schema::DetailLevel::schema(), "max_detail_level")]
        {
            words(&schema, name, |members, errors| {
                create(members, errors);
            });
        }
    }
}
