//! The tables, as diesel sees them on both databases. A test compares this with the migrations.

#![expect(
    missing_docs,
    reason = "the columns are documented in docs/data-model.md"
)]

diesel::table! {
    use crate::platform::db::types::UtcTimeSql;
    use diesel::sql_types::*;

    heartbeat (slot) {
        slot -> Integer,
        at -> UtcTimeSql,
        filler -> Binary,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    idempotency (scope, key) {
        scope -> Text,
        key -> Text,
        fingerprint -> Binary,
        status -> Nullable<Integer>,
        location -> Nullable<Text>,
        body -> Nullable<JsonSql>,
        created_at -> UtcTimeSql,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    job (id) {
        id -> UuidSql,
        kind -> Text,
        payload -> JsonSql,
        run_at -> UtcTimeSql,
        attempts -> Integer,
        locked_until -> Nullable<UtcTimeSql>,
        last_error -> Nullable<Text>,
        done_at -> Nullable<UtcTimeSql>,
        created_at -> UtcTimeSql,
        dead_at -> Nullable<UtcTimeSql>,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    sequence (name) {
        name -> Text,
        next -> BigInt,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    record (id) {
        id -> UuidSql,
        subject_kind -> Text,
        subject_id -> UuidSql,
        event -> Text,
        from_state -> Nullable<Text>,
        to_state -> Nullable<Text>,
        actor_kind -> Text,
        actor_id -> Nullable<UuidSql>,
        actor_name -> Text,
        reason -> Nullable<Text>,
        detail -> JsonSql,
        device_time -> Nullable<UtcTimeSql>,
        at -> UtcTimeSql,
        happened_at -> Nullable<UtcTimeSql>,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    import_batch (id) {
        id -> UuidSql,
        source -> Text,
        file -> Text,
        file_sha256 -> Text,
        started_by -> Nullable<UuidSql>,
        started_at -> UtcTimeSql,
        ended_at -> Nullable<UtcTimeSql>,
        rows_read -> BigInt,
        rows_stored -> BigInt,
        rows_known -> BigInt,
        rows_refused -> BigInt,
        faults -> JsonSql,
    }
}

diesel::table! {
    use crate::platform::db::types::UuidSql;
    use diesel::sql_types::*;

    import_row (complaint_id) {
        complaint_id -> UuidSql,
        batch_id -> UuidSql,
        line -> BigInt,
        row_key -> Nullable<Text>,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    staff (id) {
        id -> UuidSql,
        username -> Text,
        display_name -> Text,
        role -> Text,
        unit_code -> Nullable<Text>,
        street_code -> Nullable<Text>,
        grid_code -> Nullable<Text>,
        password_hash -> Text,
        disabled -> Bool,
        version -> Integer,
        created_at -> UtcTimeSql,
        updated_at -> UtcTimeSql,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    session (id) {
        id -> UuidSql,
        subject_kind -> Text,
        subject_id -> UuidSql,
        family_id -> UuidSql,
        refresh_hash -> Binary,
        created_at -> UtcTimeSql,
        expires_at -> UtcTimeSql,
        used_at -> Nullable<UtcTimeSql>,
        revoked_at -> Nullable<UtcTimeSql>,
        parent_id -> Nullable<UuidSql>,
        device -> Text,
        opened_at -> UtcTimeSql,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    known_device (id) {
        id -> UuidSql,
        staff_id -> UuidSql,
        token_hash -> Binary,
        created_at -> UtcTimeSql,
        seen_at -> UtcTimeSql,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    second_factor (staff_id) {
        staff_id -> UuidSql,
        sealed_secret -> Binary,
        last_step -> Nullable<BigInt>,
        created_at -> UtcTimeSql,
        confirmed_at -> Nullable<UtcTimeSql>,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    recovery_code (id) {
        id -> UuidSql,
        staff_id -> UuidSql,
        code_hash -> Binary,
        created_at -> UtcTimeSql,
        used_at -> Nullable<UtcTimeSql>,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    resident (id) {
        id -> UuidSql,
        phone_key -> Text,
        created_at -> UtcTimeSql,
        sealed_phone -> Nullable<Binary>,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    resident_otp (id) {
        id -> UuidSql,
        phone_key -> Text,
        code_hash -> Binary,
        attempts -> Integer,
        created_at -> UtcTimeSql,
        expires_at -> UtcTimeSql,
        used_at -> Nullable<UtcTimeSql>,
        asked_from -> Text,
        attempts_elsewhere -> Integer,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    ledger_entry (id) {
        id -> UuidSql,
        number -> Text,
        state -> Text,
        title -> Text,
        category -> Text,
        coarse -> Text,
        lon -> Nullable<Double>,
        lat -> Nullable<Double>,
        street_code -> Nullable<Text>,
        grid_code -> Nullable<Text>,
        source_class -> Nullable<Text>,
        lead_complaint_id -> Nullable<UuidSql>,
        due_on -> Nullable<Date>,
        complaint_count -> Integer,
        distinct_reporters -> Integer,
        duplicate_count -> Integer,
        repeat_count -> Integer,
        strong_concern -> Bool,
        collective_visit -> Bool,
        escalation_level -> Integer,
        cycle_no -> Integer,
        predecessor_id -> Nullable<UuidSql>,
        merged_into -> Nullable<UuidSql>,
        written_off_at -> Nullable<UtcTimeSql>,
        version -> Integer,
        created_at -> UtcTimeSql,
        updated_at -> UtcTimeSql,
        renewed_count -> Integer,
        find_count -> Integer,
        public_code -> Nullable<Text>,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    ledger_merge (id) {
        id -> UuidSql,
        source_entry_id -> UuidSql,
        target_entry_id -> UuidSql,
        before -> JsonSql,
        reason -> Text,
        merged_by -> Nullable<UuidSql>,
        merged_at -> UtcTimeSql,
        undone_by -> Nullable<UuidSql>,
        undone_at -> Nullable<UtcTimeSql>,
        undo_reason -> Nullable<Text>,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    ledger_decision (id) {
        id -> UuidSql,
        entry_id -> UuidSql,
        event -> Text,
        outcome -> Text,
        meeting -> Nullable<Text>,
        decided_on -> Date,
        minute_ref -> Nullable<Text>,
        level -> Nullable<Text>,
        chosen_owner -> Nullable<Text>,
        reason -> Nullable<Text>,
        decided_by -> UuidSql,
        created_at -> UtcTimeSql,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    complaint (id) {
        id -> UuidSql,
        number -> Text,
        tracking_code -> Text,
        channel -> Text,
        external_no -> Nullable<Text>,
        source_class -> Nullable<Text>,
        discovery_mode -> Text,
        category -> Text,
        coarse -> Text,
        demand -> Nullable<Text>,
        occurred_at -> Nullable<UtcTimeSql>,
        occurred_until -> Nullable<UtcTimeSql>,
        state -> Text,
        procedure -> Nullable<Text>,
        entry_id -> UuidSql,
        link -> Text,
        link_rule -> Nullable<Text>,
        repeat_of -> Nullable<UuidSql>,
        anonymous -> Bool,
        person_count -> Integer,
        resident_id -> Nullable<UuidSql>,
        hidden -> Bool,
        risk -> Integer,
        flags -> JsonSql,
        due_on -> Date,
        in_queue -> Bool,
        queue_rank -> Integer,
        received_at -> UtcTimeSql,
        untold_since -> Nullable<UtcTimeSql>,
        closed_at -> Nullable<UtcTimeSql>,
        version -> Integer,
        updated_at -> UtcTimeSql,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    complaint_text (complaint_id) {
        complaint_id -> UuidSql,
        description -> Text,
        description_masked -> Text,
        address -> Nullable<Text>,
        address_masked -> Nullable<Text>,
        premises -> Nullable<Text>,
        object_id -> Nullable<Text>,
        title -> Nullable<Text>,
        external_no -> Nullable<Text>,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    complaint_unread (complaint_id) {
        complaint_id -> UuidSql,
        since -> UtcTimeSql,
        latest -> UtcTimeSql,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    complaint_place (complaint_id) {
        complaint_id -> UuidSql,
        kind -> Text,
        raw_lon -> Nullable<Double>,
        raw_lat -> Nullable<Double>,
        datum -> Nullable<Text>,
        accuracy_m -> Nullable<Double>,
        lon -> Nullable<Double>,
        lat -> Nullable<Double>,
        cell -> Nullable<BigInt>,
        place_name -> Nullable<Text>,
        street_code -> Nullable<Text>,
        grid_code -> Nullable<Text>,
        owed -> Bool,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    petitioner (id) {
        id -> UuidSql,
        complaint_id -> UuidSql,
        position -> Integer,
        kind -> Text,
        sealed -> Nullable<Binary>,
        person_keys -> JsonSql,
        created_at -> UtcTimeSql,
        erased_at -> Nullable<UtcTimeSql>,
        name_key -> Nullable<Text>,
    }
}

diesel::table! {
    use crate::platform::db::types::{UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    former_petitioner (id) {
        id -> UuidSql,
        complaint_id -> UuidSql,
        kind -> Text,
        sealed -> Nullable<Binary>,
        created_at -> UtcTimeSql,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    clock (id) {
        id -> UuidSql,
        subject_kind -> Text,
        subject_id -> UuidSql,
        kind -> Text,
        round -> Integer,
        rule -> Text,
        source -> Text,
        started_on -> Date,
        amount -> Integer,
        unit -> Text,
        roll_forward -> Bool,
        due_on -> Date,
        provisional -> Bool,
        suspended_on -> Nullable<Date>,
        duty -> Text,
        meaning -> Text,
        met_at -> Nullable<UtcTimeSql>,
        met_by_kind -> Nullable<Text>,
        met_by -> Nullable<UuidSql>,
        outcome -> Nullable<Text>,
        lapsed_at -> Nullable<UtcTimeSql>,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    clock_suspension (id) {
        id -> UuidSql,
        clock_id -> UuidSql,
        ground -> Text,
        from_on -> Date,
        until_on -> Nullable<Date>,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    clock_extension (id) {
        id -> UuidSql,
        clock_id -> UuidSql,
        amount -> Nullable<Integer>,
        until_on -> Nullable<Date>,
        approved_by -> UuidSql,
        reason -> Text,
        at -> UtcTimeSql,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    supplement (id) {
        id -> UuidSql,
        complaint_id -> UuidSql,
        text -> Text,
        text_masked -> Text,
        new_facts -> Bool,
        occurred_at -> Nullable<UtcTimeSql>,
        created_at -> UtcTimeSql,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    reply (id) {
        id -> UuidSql,
        complaint_id -> UuidSql,
        kind -> Text,
        document -> Text,
        text -> Text,
        text_masked -> Text,
        written_by -> UuidSql,
        created_at -> UtcTimeSql,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    rating (reply_id) {
        reply_id -> UuidSql,
        complaint_id -> UuidSql,
        score -> Text,
        text_masked -> Nullable<Text>,
        text -> Nullable<Text>,
        wants_reopening -> Bool,
        created_at -> UtcTimeSql,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    notice (id) {
        id -> UuidSql,
        subject_kind -> Text,
        subject_id -> UuidSql,
        event -> Text,
        channel -> Text,
        state -> Text,
        version -> Integer,
        wording -> Nullable<Integer>,
        with_code -> Bool,
        recipient -> Nullable<Text>,
        text -> Nullable<Text>,
        attempts -> Integer,
        proof -> Nullable<Text>,
        evidence_id -> Nullable<UuidSql>,
        reason -> Nullable<Text>,
        recorded_by -> Nullable<UuidSql>,
        created_at -> UtcTimeSql,
        sent_at -> Nullable<UtcTimeSql>,
        told_at -> Nullable<UtcTimeSql>,
        updated_at -> UtcTimeSql,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    evidence (id) {
        id -> UuidSql,
        subject_kind -> Text,
        subject_id -> UuidSql,
        kind -> Nullable<Text>,
        role -> Text,
        phase -> Text,
        source -> Text,
        status -> Text,
        problem -> Nullable<Text>,
        file_name -> Nullable<Text>,
        sha256 -> Text,
        media_type -> Nullable<Text>,
        size_bytes -> BigInt,
        width -> Nullable<Integer>,
        height -> Nullable<Integer>,
        perceptual_hash -> Nullable<Text>,
        taken_at -> Nullable<UtcTimeSql>,
        device_clock -> Nullable<Text>,
        device_time -> Nullable<UtcTimeSql>,
        orientation -> Nullable<Integer>,
        device -> Nullable<Text>,
        distance_m -> Nullable<Double>,
        has_derivatives -> Bool,
        remarks -> Nullable<Text>,
        upload_id -> Nullable<Text>,
        uploaded_by -> Nullable<UuidSql>,
        created_at -> UtcTimeSql,
        clock_offset_ms -> Nullable<BigInt>,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    evidence_band (key, evidence_id) {
        key -> Integer,
        evidence_id -> UuidSql,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    sender_block (id) {
        id -> UuidSql,
        complaint_id -> UuidSql,
        reason -> Text,
        created_by -> UuidSql,
        created_at -> UtcTimeSql,
        lifted_by -> Nullable<UuidSql>,
        lifted_at -> Nullable<UtcTimeSql>,
        expires_at -> Nullable<UtcTimeSql>,
        version -> Integer,
        updated_at -> UtcTimeSql,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    sender_block_key (key, block_id) {
        key -> Text,
        block_id -> UuidSql,
        proven -> Bool,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    complaint_sender (complaint_id) {
        complaint_id -> UuidSql,
        key -> Text,
        created_at -> UtcTimeSql,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    complaint_part (complaint_id) {
        complaint_id -> UuidSql,
        letter_id -> UuidSql,
        split_by -> UuidSql,
        created_at -> UtcTimeSql,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    match_key (key, seq) {
        key -> BigInt,
        seq -> BigInt,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    match_fact (seq) {
        seq -> BigInt,
        complaint_id -> UuidSql,
        data -> Binary,
        keys -> Binary,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    match_verdict (id) {
        id -> UuidSql,
        complaint_id -> UuidSql,
        rule -> Text,
        outcome -> Text,
        target_id -> Nullable<UuidSql>,
        score -> Nullable<Double>,
        evidence -> JsonSql,
        model_version -> Text,
        entry_before -> Nullable<UuidSql>,
        decided_at -> UtcTimeSql,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    match_decision (id) {
        id -> UuidSql,
        verdict_id -> UuidSql,
        complaint_id -> UuidSql,
        decision -> Text,
        reason -> Nullable<Text>,
        decided_by -> UuidSql,
        decided_at -> UtcTimeSql,
        kept -> Nullable<JsonSql>,
        undone_at -> Nullable<UtcTimeSql>,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    triage_claim (complaint_id) {
        complaint_id -> UuidSql,
        staff_id -> UuidSql,
        claimed_at -> UtcTimeSql,
        expires_at -> UtcTimeSql,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    triage_decision (id) {
        id -> UuidSql,
        complaint_id -> UuidSql,
        action -> Text,
        reason -> Nullable<Text>,
        procedure -> Nullable<Text>,
        document -> Nullable<Text>,
        notice -> Nullable<Text>,
        transfer_to -> Nullable<Text>,
        decided_by -> UuidSql,
        decided_at -> UtcTimeSql,
        undone_at -> Nullable<UtcTimeSql>,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    verification (id) {
        id -> UuidSql,
        grid_code -> Text,
        officer_id -> Nullable<UuidSql>,
        state -> Text,
        lon -> Nullable<Double>,
        lat -> Nullable<Double>,
        radius_m -> Double,
        band_from -> Nullable<Integer>,
        band_to -> Nullable<Integer>,
        instructions -> Nullable<Text>,
        due_on -> Nullable<Date>,
        assigned_at -> Nullable<UtcTimeSql>,
        result -> Nullable<Text>,
        dispatched_by -> UuidSql,
        version -> Integer,
        created_at -> UtcTimeSql,
        updated_at -> UtcTimeSql,
        entry_id -> UuidSql,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    verification_complaint (verification_id, complaint_id) {
        verification_id -> UuidSql,
        complaint_id -> UuidSql,
        position -> Integer,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    verification_event (id) {
        id -> UuidSql,
        verification_id -> UuidSql,
        kind -> Text,
        client_id -> Text,
        officer_id -> UuidSql,
        raw_lon -> Nullable<Double>,
        raw_lat -> Nullable<Double>,
        datum -> Nullable<Text>,
        accuracy_m -> Nullable<Double>,
        lon -> Nullable<Double>,
        lat -> Nullable<Double>,
        distance_m -> Nullable<Double>,
        in_grid -> Nullable<Bool>,
        result -> Nullable<Text>,
        notes -> Nullable<Text>,
        notes_masked -> Nullable<Text>,
        reason -> Nullable<Text>,
        same_time_of_day -> Nullable<Bool>,
        late -> Bool,
        device_time -> UtcTimeSql,
        received_at -> UtcTimeSql,
        clock_offset_ms -> Nullable<BigInt>,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    installation (slot) {
        slot -> Integer,
        id -> UuidSql,
        production -> Bool,
        marked -> Bool,
        sealed_photo_key -> Nullable<Binary>,
        created_at -> UtcTimeSql,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    secret_key (key_id) {
        key_id -> Text,
        key_check -> Binary,
        state -> Text,
        created_at -> UtcTimeSql,
        changed_at -> UtcTimeSql,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    key_rotation (to_key) {
        to_key -> Text,
        step -> Text,
        position -> JsonSql,
        rows_done -> BigInt,
        started_at -> UtcTimeSql,
        updated_at -> UtcTimeSql,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    staff_channel (staff_id, channel) {
        staff_id -> UuidSql,
        channel -> Text,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    unmasking (id) {
        id -> UuidSql,
        complaint_id -> UuidSql,
        staff_id -> UuidSql,
        role -> Text,
        purpose -> Text,
        reason -> Text,
        alarm -> Bool,
        at -> UtcTimeSql,
        search_id -> Nullable<UuidSql>,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    person_search (id) {
        id -> UuidSql,
        staff_id -> UuidSql,
        at -> UtcTimeSql,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    search_item (seq) {
        seq -> BigInt,
        complaint_id -> UuidSql,
        edition -> Integer,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    search_term (term, seq) {
        term -> BigInt,
        seq -> BigInt,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    search_block (term, block) {
        term -> BigInt,
        block -> BigInt,
        items -> Binary,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    premises (id) {
        id -> UuidSql,
        version -> Integer,
        name -> Text,
        name_key -> Text,
        kind -> Text,
        licence -> Nullable<Text>,
        uscc -> Nullable<Text>,
        address -> Nullable<Text>,
        raw_lon -> Nullable<Double>,
        raw_lat -> Nullable<Double>,
        datum -> Nullable<Text>,
        lon -> Nullable<Double>,
        lat -> Nullable<Double>,
        street_code -> Nullable<Text>,
        grid_code -> Nullable<Text>,
        withdrawn -> Bool,
        created_at -> UtcTimeSql,
        updated_at -> UtcTimeSql,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    premises_alias (premises_id, position) {
        premises_id -> UuidSql,
        position -> Integer,
        name -> Text,
        key -> Text,
    }
}

diesel::table! {
    use crate::platform::db::types::{UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    handover (id) {
        id -> UuidSql,
        complaint_id -> UuidSql,
        unit_code -> Text,
        state -> Text,
        version -> Integer,
        answer -> Nullable<Text>,
        reason -> Nullable<Text>,
        sent_at -> UtcTimeSql,
        signed_at -> Nullable<UtcTimeSql>,
        ended_at -> Nullable<UtcTimeSql>,
        updated_at -> UtcTimeSql,
    }
}

diesel::table! {
    use crate::platform::db::types::{UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    find (complaint_id) {
        complaint_id -> UuidSql,
        found_by -> UuidSql,
        client_id -> Text,
        content -> Binary,
        clue_channel -> Text,
        street_code -> Nullable<Text>,
        seen_at -> UtcTimeSql,
        device_time -> UtcTimeSql,
        clock_offset_ms -> Nullable<BigInt>,
        result -> Nullable<Text>,
        decided_at -> Nullable<UtcTimeSql>,
    }
}

diesel::table! {
    use crate::platform::db::types::{JsonSql, UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    revocable_decision (complaint_id) {
        complaint_id -> UuidSql,
        decision -> Text,
        decided_by -> UuidSql,
        before -> Text,
        last_event -> UuidSql,
        found -> JsonSql,
        undone_until -> UtcTimeSql,
    }
}

diesel::joinable!(ledger_decision -> ledger_entry (entry_id));
diesel::joinable!(ledger_decision -> staff (decided_by));
diesel::joinable!(complaint -> ledger_entry (entry_id));
diesel::joinable!(complaint -> resident (resident_id));
diesel::table! {
    use crate::platform::db::types::{UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    petition_review (id) {
        id -> UuidSql,
        complaint_id -> UuidSql,
        stage -> Text,
        step -> Text,
        happened_on -> Date,
        outcome -> Nullable<Text>,
        document -> Text,
        document_no -> Nullable<Text>,
        recorded_by -> UuidSql,
        created_at -> UtcTimeSql,
    }
}

diesel::joinable!(find -> complaint (complaint_id));
diesel::table! {
    use crate::platform::db::types::{UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    reporter_wish (complaint_id) {
        complaint_id -> UuidSql,
        secrecy -> Bool,
        naming_consent -> Bool,
        words -> Nullable<Text>,
        updated_at -> UtcTimeSql,
    }
}

diesel::table! {
    use crate::platform::db::types::UuidSql;
    use diesel::sql_types::*;

    filer_key (key, complaint_id) {
        key -> Text,
        complaint_id -> UuidSql,
    }
}

diesel::table! {
    use crate::platform::db::types::{UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    code_recovery (id) {
        id -> UuidSql,
        phone_key -> Text,
        sent_at -> UtcTimeSql,
    }
}

diesel::table! {
    use crate::platform::db::types::{UtcTimeSql, UuidSql};
    use diesel::sql_types::*;

    matter_follow (id) {
        id -> UuidSql,
        resident_id -> UuidSql,
        entry_id -> UuidSql,
        seen_entry_id -> UuidSql,
        seen_stage -> Text,
        seen_voices -> Text,
        seen_at -> UtcTimeSql,
        created_at -> UtcTimeSql,
    }
}

diesel::joinable!(complaint_text -> complaint (complaint_id));
diesel::joinable!(reporter_wish -> complaint (complaint_id));
diesel::joinable!(filer_key -> complaint (complaint_id));
diesel::joinable!(matter_follow -> ledger_entry (entry_id));
diesel::joinable!(complaint_place -> complaint (complaint_id));
diesel::joinable!(petitioner -> complaint (complaint_id));
diesel::joinable!(supplement -> complaint (complaint_id));
diesel::joinable!(reply -> complaint (complaint_id));
diesel::joinable!(reply -> staff (written_by));
diesel::joinable!(rating -> complaint (complaint_id));
diesel::joinable!(rating -> reply (reply_id));
diesel::joinable!(evidence -> staff (uploaded_by));
diesel::joinable!(notice -> staff (recorded_by));
diesel::joinable!(evidence_band -> evidence (evidence_id));
diesel::joinable!(premises_alias -> premises (premises_id));
diesel::joinable!(staff_channel -> staff (staff_id));
diesel::joinable!(unmasking -> complaint (complaint_id));
diesel::joinable!(unmasking -> staff (staff_id));
diesel::joinable!(sender_block_key -> sender_block (block_id));
diesel::joinable!(complaint_sender -> complaint (complaint_id));
diesel::joinable!(complaint_part -> complaint (complaint_id));
diesel::joinable!(match_fact -> complaint (complaint_id));
diesel::joinable!(match_decision -> match_verdict (verdict_id));
diesel::joinable!(match_decision -> complaint (complaint_id));
diesel::joinable!(match_decision -> staff (decided_by));
diesel::joinable!(triage_claim -> complaint (complaint_id));
diesel::joinable!(triage_claim -> staff (staff_id));
diesel::joinable!(import_batch -> staff (started_by));
diesel::joinable!(triage_decision -> complaint (complaint_id));
diesel::joinable!(triage_decision -> staff (decided_by));
diesel::joinable!(verification -> ledger_entry (entry_id));
diesel::joinable!(verification_complaint -> verification (verification_id));
diesel::joinable!(verification_complaint -> complaint (complaint_id));
diesel::joinable!(verification_event -> verification (verification_id));
diesel::joinable!(verification_event -> staff (officer_id));

/// Says which tables stand in one query, each pair once: every pair costs some trait implementations,
/// and all pairs would grow with the square of the tables.
macro_rules! together {
    ($($one:ident: $($other:ident),+;)+) => {
        $($(diesel::allow_tables_to_appear_in_same_query!($one, $other);)+)+
    };
}

together! {
    complaint: clock, complaint_part, complaint_place, complaint_sender, complaint_text, evidence,
        evidence_band, filer_key, find, ledger_entry, match_decision, match_fact, match_verdict, petitioner, reporter_wish,
        resident, staff, triage_claim, unmasking, verification, verification_complaint;
    complaint_place: clock, complaint_text, ledger_entry, staff, triage_claim, verification,
        verification_complaint;
    complaint_sender: evidence;
    complaint_text: resident;
    evidence: evidence_band;
    import_batch: staff;
    ledger_entry: ledger_merge, match_fact, matter_follow;
    match_decision: match_verdict;
    premises: premises_alias;
    sender_block: sender_block_key;
    staff: notice, reply, triage_claim, triage_decision, unmasking;
    verification: verification_complaint;
}
