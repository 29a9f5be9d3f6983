#![allow(missing_docs)]
// @generated

diesel::table! {
    accounts (id) {
        id -> Int8,
        name -> Text,
        slug -> Text,
        time_zone -> Text,
        currency -> Text,
        settings -> Jsonb,
        version -> Int4,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    activities (account_id, id) {
        account_id -> Int8,
        id -> Int8,
        actor_kind -> Text,
        actor_id -> Nullable<Int8>,
        actor_name -> Text,
        verb -> Text,
        result -> Text,
        summary -> Text,
        subject_kind -> Text,
        subject_id -> Int8,
        order_id -> Nullable<Int8>,
        shipment_id -> Nullable<Int8>,
        channel_id -> Nullable<Int8>,
        before -> Nullable<Jsonb>,
        after -> Nullable<Jsonb>,
        transaction_record_id -> Nullable<Int8>,
        trace_id -> Nullable<Text>,
        ip -> Nullable<Text>,
    }
}

diesel::table! {
    addresses (account_id, id) {
        account_id -> Int8,
        id -> Int8,
        name -> Text,
        company -> Text,
        line1 -> Text,
        line2 -> Text,
        city -> Text,
        region -> Text,
        postal_code -> Text,
        country -> Text,
        phone -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    allocations (account_id, id) {
        account_id -> Int8,
        id -> Int8,
        shipment_line_id -> Int8,
        product_id -> Int8,
        warehouse_id -> Int8,
        quantity -> Int4,
        state -> Text,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    api_tokens (id) {
        id -> Int8,
        account_id -> Int8,
        user_id -> Int8,
        name -> Text,
        prefix -> Text,
        secret_hash -> Bytea,
        scopes -> Array<Text>,
        expires_at -> Nullable<Timestamptz>,
        last_used_at -> Nullable<Timestamptz>,
        revoked_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    bodies (account_id, id) {
        account_id -> Int8,
        id -> Int8,
        record_id -> Int8,
        part -> Text,
        gzip -> Bytea,
    }
}

diesel::table! {
    bulk_operations (account_id, id) {
        account_id -> Int8,
        id -> Int8,
        action -> Text,
        resource -> Text,
        scope_phrase -> Text,
        selection -> Jsonb,
        options -> Jsonb,
        fingerprint -> Nullable<Text>,
        state -> Text,
        total -> Int4,
        done -> Int4,
        skipped -> Int4,
        failed -> Int4,
        started_by -> Nullable<Int8>,
        started_by_name -> Text,
        trace_id -> Nullable<Text>,
        version -> Int4,
        created_at -> Timestamptz,
        started_at -> Nullable<Timestamptz>,
        finished_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    bulk_rows (account_id, operation_id, position) {
        account_id -> Int8,
        operation_id -> Int8,
        position -> Int4,
        subject_id -> Int8,
        subject_label -> Text,
        subject_version -> Nullable<Int4>,
        outcome -> Text,
        reason -> Text,
        result -> Nullable<Jsonb>,
        finished_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    channels (account_id, id) {
        account_id -> Int8,
        id -> Int8,
        store_id -> Int8,
        kind -> Text,
        name -> Text,
        base_url -> Text,
        external_account -> Text,
        credentials_sealed -> Nullable<Bytea>,
        on_unmapped_courier -> Text,
        fallback_courier -> Nullable<Text>,
        channel_notification -> Text,
        import_orders -> Bool,
        submit_fulfillments -> Bool,
        poll_cursor -> Nullable<Timestamptz>,
        last_polled_at -> Nullable<Timestamptz>,
        last_success_at -> Nullable<Timestamptz>,
        failing_since -> Nullable<Timestamptz>,
        failure_class -> Nullable<Text>,
        version -> Int4,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    connections (account_id, id) {
        account_id -> Int8,
        id -> Int8,
        kind -> Text,
        name -> Text,
        base_url -> Text,
        warehouse_id -> Nullable<Int8>,
        credentials_sealed -> Nullable<Bytea>,
        settings -> Jsonb,
        state -> Text,
        requests_per_minute -> Int4,
        circuit_open_until -> Nullable<Timestamptz>,
        last_success_at -> Nullable<Timestamptz>,
        failing_since -> Nullable<Timestamptz>,
        failure_class -> Nullable<Text>,
        poll_cursor -> Nullable<Timestamptz>,
        version -> Int4,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    cost_consumptions (account_id, id) {
        account_id -> Int8,
        id -> Int8,
        layer_id -> Int8,
        shipment_line_id -> Int8,
        movement_id -> Int8,
        quantity -> Int4,
        unit_cost_minor -> Int8,
        reversed_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    cost_layers (account_id, id) {
        account_id -> Int8,
        id -> Int8,
        product_id -> Int8,
        warehouse_id -> Int8,
        movement_id -> Int8,
        received -> Int4,
        remaining -> Int4,
        unit_cost_minor -> Int8,
        currency -> Text,
        received_at -> Timestamptz,
    }
}

diesel::table! {
    counters (account_id, name) {
        account_id -> Int8,
        name -> Text,
        value -> Int8,
    }
}

diesel::table! {
    courier_mapping_versions (account_id, id) {
        account_id -> Int8,
        id -> Int8,
        channel_id -> Int8,
        courier -> Text,
        service -> Text,
        custom_name -> Nullable<Text>,
        custom_code -> Nullable<Text>,
        replaced_by -> Nullable<Int8>,
        replaced_at -> Timestamptz,
    }
}

diesel::table! {
    courier_mappings (account_id, id) {
        account_id -> Int8,
        id -> Int8,
        channel_id -> Int8,
        courier -> Text,
        service -> Text,
        custom_name -> Text,
        custom_code -> Nullable<Text>,
        version -> Int4,
        updated_by -> Nullable<Int8>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    couriers (slug) {
        slug -> Text,
        name -> Text,
        countries -> Text,
        tracking_url_template -> Nullable<Text>,
        known_names -> Jsonb,
    }
}

diesel::table! {
    customers (account_id, id) {
        account_id -> Int8,
        id -> Int8,
        name -> Text,
        email -> Nullable<Text>,
        phone -> Nullable<Text>,
        address_id -> Nullable<Int8>,
        orders_count -> Int4,
        last_order_at -> Nullable<Timestamptz>,
        search_text -> Text,
        version -> Int4,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    emails (account_id, id) {
        account_id -> Int8,
        id -> Int8,
        responder_id -> Nullable<Int8>,
        trigger -> Text,
        order_id -> Nullable<Int8>,
        shipment_id -> Nullable<Int8>,
        shipment_line_id -> Nullable<Int8>,
        event_id -> Nullable<Int8>,
        recipient -> Text,
        subject -> Text,
        body -> Text,
        state -> Text,
        attempts -> Int4,
        last_error -> Nullable<Text>,
        trace_id -> Nullable<Text>,
        finished_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    exports (account_id, id) {
        account_id -> Int8,
        id -> Int8,
        resource -> Text,
        format -> Text,
        filter -> Jsonb,
        shown_columns -> Array<Text>,
        state -> Text,
        rows_written -> Int8,
        file_path -> Nullable<Text>,
        file_bytes -> Nullable<Int8>,
        requested_by -> Nullable<Int8>,
        created_at -> Timestamptz,
        finished_at -> Nullable<Timestamptz>,
        expires_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    finished_jobs (account_id, id) {
        account_id -> Int8,
        id -> Int8,
        job_id -> Int8,
        kind -> Text,
        object_key -> Text,
        payload -> Jsonb,
        outcome -> Text,
        attempts -> Int4,
        last_error -> Nullable<Text>,
        trace_id -> Nullable<Text>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    fulfillment_order_lines (account_id, id) {
        account_id -> Int8,
        id -> Int8,
        fulfillment_order_id -> Int8,
        order_line_id -> Int8,
        quantity -> Int4,
        fulfilled -> Int4,
        allocated -> Int4,
    }
}

diesel::table! {
    fulfillment_orders (account_id, id) {
        account_id -> Int8,
        id -> Int8,
        order_id -> Int8,
        warehouse_id -> Int8,
        status -> Text,
        channel_reference -> Text,
        version -> Int4,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    idempotency_keys (account_id, scope, key) {
        account_id -> Int8,
        scope -> Text,
        key -> Text,
        request_hash -> Text,
        state -> Text,
        status -> Nullable<Int4>,
        response -> Nullable<Jsonb>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    import_rows (account_id, import_id, line) {
        account_id -> Int8,
        import_id -> Int8,
        line -> Int4,
        reference -> Text,
        outcome -> Text,
        reason -> Text,
        order_id -> Nullable<Int8>,
        raw -> Text,
    }
}

diesel::table! {
    imports (account_id, id) {
        account_id -> Int8,
        id -> Int8,
        kind -> Text,
        channel_id -> Nullable<Int8>,
        file_name -> Text,
        file_sha256 -> Text,
        state -> Text,
        rows_total -> Int4,
        rows_created -> Int4,
        rows_unchanged -> Int4,
        rows_updated -> Int4,
        rows_failed -> Int4,
        notes -> Array<Text>,
        started_by -> Nullable<Int8>,
        started_by_name -> Text,
        trace_id -> Nullable<Text>,
        created_at -> Timestamptz,
        finished_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    inbound_endpoints (id) {
        id -> Text,
        account_id -> Int8,
        kind -> Text,
        channel_id -> Nullable<Int8>,
        connection_id -> Nullable<Int8>,
        secret_sealed -> Bytea,
        previous_secret_sealed -> Nullable<Bytea>,
        previous_secret_until -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    inbound_messages (account_id, id) {
        account_id -> Int8,
        id -> Int8,
        source -> Text,
        delivery_id -> Text,
        topic -> Text,
        channel_id -> Nullable<Int8>,
        connection_id -> Nullable<Int8>,
        headers -> Jsonb,
        body -> Bytea,
        received_at -> Timestamptz,
        processed_at -> Nullable<Timestamptz>,
        outcome -> Nullable<Text>,
    }
}

diesel::table! {
    inventory_movements (account_id, id) {
        account_id -> Int8,
        id -> Int8,
        product_id -> Int8,
        warehouse_id -> Int8,
        quantity -> Int4,
        kind -> Text,
        cause_kind -> Text,
        cause_id -> Int8,
        line_id -> Int8,
        shipment_id -> Nullable<Int8>,
        balance_after -> Int4,
        reason -> Text,
        actor_name -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    jobs (id) {
        id -> Int8,
        account_id -> Int8,
        kind -> Text,
        object_key -> Text,
        dedupe_key -> Nullable<Text>,
        payload -> Jsonb,
        state -> Text,
        due_at -> Timestamptz,
        attempts -> Int4,
        lease_until -> Nullable<Timestamptz>,
        lease_epoch -> Int8,
        worker -> Nullable<Text>,
        last_error -> Nullable<Text>,
        trace_id -> Nullable<Text>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    memberships (user_id, account_id) {
        user_id -> Int8,
        account_id -> Int8,
        role -> Text,
        permissions -> Array<Text>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    order_holds (account_id, id) {
        account_id -> Int8,
        id -> Int8,
        order_id -> Int8,
        kind -> Text,
        reason -> Text,
        placed_by -> Nullable<Int8>,
        placed_by_name -> Text,
        hold_until -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        released_at -> Nullable<Timestamptz>,
        released_by -> Nullable<Int8>,
    }
}

diesel::table! {
    order_lines (account_id, id) {
        account_id -> Int8,
        id -> Int8,
        order_id -> Int8,
        product_id -> Nullable<Int8>,
        position -> Int4,
        channel_line_id -> Text,
        sku -> Text,
        name -> Text,
        quantity -> Int4,
        quantity_shipped -> Int4,
        quantity_refunded -> Int4,
        price_minor -> Int8,
        discount_minor -> Int8,
        requires_shipping -> Bool,
    }
}

diesel::table! {
    orders (account_id, id) {
        account_id -> Int8,
        id -> Int8,
        channel_id -> Int8,
        customer_id -> Nullable<Int8>,
        number -> Text,
        channel_reference -> Text,
        payment_status -> Text,
        status -> Text,
        on_hold -> Bool,
        currency -> Text,
        subtotal_minor -> Int8,
        shipping_minor -> Int8,
        tax_minor -> Int8,
        discount_minor -> Int8,
        total_minor -> Int8,
        refunded_minor -> Int8,
        ship_address_id -> Nullable<Int8>,
        bill_address_id -> Nullable<Int8>,
        shipping_method -> Text,
        items_ordered -> Int4,
        items_shipped -> Int4,
        shipment_status -> Nullable<Text>,
        channel_sync -> Text,
        placed_at -> Timestamptz,
        ship_by -> Nullable<Timestamptz>,
        canceled_at -> Nullable<Timestamptz>,
        tags -> Array<Text>,
        extras -> Jsonb,
        search_text -> Text,
        version -> Int4,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    post_attempts (account_id, id) {
        account_id -> Int8,
        id -> Int8,
        post_id -> Int8,
        shipment_id -> Int8,
        attempt_no -> Int4,
        lease_epoch -> Int8,
        step -> Text,
        external_reference -> Text,
        request_hash -> Nullable<Text>,
        detail -> Text,
        transaction_record_id -> Nullable<Int8>,
    }
}

diesel::table! {
    posts (account_id, id) {
        account_id -> Int8,
        id -> Int8,
        shipment_id -> Int8,
        connection_id -> Int8,
        group_no -> Int4,
        external_reference -> Text,
        state -> Text,
        request_hash -> Nullable<Text>,
        lease_epoch -> Int8,
        attempt_no -> Int4,
        sent_at -> Nullable<Timestamptz>,
        deadline_at -> Nullable<Timestamptz>,
        checks -> Int4,
        reason -> Text,
        requested_by -> Text,
        trace_id -> Nullable<Text>,
        created_at -> Timestamptz,
        settled_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    problems (account_id, id) {
        account_id -> Int8,
        id -> Int8,
        kind -> Text,
        shipment_id -> Nullable<Int8>,
        order_id -> Nullable<Int8>,
        channel_id -> Nullable<Int8>,
        connection_id -> Nullable<Int8>,
        endpoint_id -> Nullable<Int8>,
        error_class -> Text,
        cause_key -> Text,
        courier -> Nullable<Text>,
        code -> Nullable<Text>,
        detail -> Text,
        attempts -> Int4,
        first_seen_at -> Timestamptz,
        last_seen_at -> Timestamptz,
        next_attempt_at -> Nullable<Timestamptz>,
        will_retry -> Bool,
        assignee_id -> Nullable<Int8>,
        snoozed_until -> Nullable<Timestamptz>,
        resolved_at -> Nullable<Timestamptz>,
        resolved_by -> Nullable<Text>,
        transaction_record_id -> Nullable<Int8>,
        trace_id -> Nullable<Text>,
        version -> Int4,
    }
}

diesel::table! {
    products (account_id, id) {
        account_id -> Int8,
        id -> Int8,
        sku -> Text,
        name -> Text,
        barcode -> Nullable<Text>,
        weight_grams -> Int4,
        version -> Int4,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    provider_orders (account_id, id) {
        account_id -> Int8,
        id -> Int8,
        shipment_id -> Int8,
        connection_id -> Int8,
        post_id -> Nullable<Int8>,
        remote_id -> Text,
        reference -> Text,
        remote_status -> Nullable<Text>,
        cancel_state -> Text,
        last_read_at -> Nullable<Timestamptz>,
        superseded_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    responders (account_id, id) {
        account_id -> Int8,
        id -> Int8,
        trigger -> Text,
        name -> Text,
        subject -> Text,
        body -> Text,
        enabled -> Bool,
        version -> Int4,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    saved_views (account_id, id) {
        account_id -> Int8,
        id -> Int8,
        resource -> Text,
        name -> Text,
        owner_id -> Int8,
        shared -> Bool,
        query -> Text,
        version -> Int4,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    seen_couriers (account_id, channel_id, courier) {
        account_id -> Int8,
        channel_id -> Int8,
        courier -> Text,
        as_sent -> Text,
        times -> Int4,
        last_shipment_id -> Nullable<Int8>,
        first_seen_at -> Timestamptz,
        last_seen_at -> Timestamptz,
    }
}

diesel::table! {
    sessions (key_hash) {
        key_hash -> Bytea,
        user_id -> Nullable<Int8>,
        state -> Jsonb,
        user_agent -> Nullable<Text>,
        ip -> Nullable<Text>,
        created_at -> Timestamptz,
        last_seen_at -> Timestamptz,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    shipment_details (account_id, shipment_id) {
        account_id -> Int8,
        shipment_id -> Int8,
        record_status -> Text,
        admin_notes -> Nullable<Text>,
        channel_error -> Nullable<Bool>,
        channel_message -> Nullable<Text>,
        commercial_invoice_url -> Nullable<Text>,
        days -> Nullable<Int4>,
        duration_terms -> Nullable<Text>,
        grams -> Float8,
        label_error -> Nullable<Text>,
        label_file_format -> Nullable<Text>,
        label_refund -> Bool,
        label_url -> Nullable<Text>,
        mute_error -> Bool,
        packed -> Bool,
        packed_at -> Nullable<Timestamptz>,
        picked -> Bool,
        picked_at -> Nullable<Timestamptz>,
        printed_label -> Bool,
        printed_label_at -> Nullable<Timestamptz>,
        requires_shipping_approval -> Text,
        service_level_terms -> Nullable<Text>,
        tracking_status_date -> Nullable<Timestamptz>,
        tracking_status_details -> Nullable<Text>,
        user_id -> Nullable<Int8>,
        voided_by_user_id -> Nullable<Int8>,
        void_reason -> Nullable<Text>,
        kept -> Jsonb,
    }
}

diesel::table! {
    shipment_lines (account_id, id) {
        account_id -> Int8,
        id -> Int8,
        shipment_id -> Int8,
        order_line_id -> Int8,
        product_id -> Nullable<Int8>,
        quantity -> Int4,
        unit_cost_minor -> Int8,
    }
}

diesel::table! {
    shipments (account_id, id) {
        account_id -> Int8,
        id -> Int8,
        number -> Text,
        order_id -> Int8,
        fulfillment_order_id -> Int8,
        warehouse_id -> Int8,
        connection_id -> Nullable<Int8>,
        channel_id -> Int8,
        status -> Text,
        date_post -> Nullable<Timestamptz>,
        fulfillment_id -> Nullable<Text>,
        reship_of -> Nullable<Int8>,
        fulfillment_type -> Text,
        inventory_status -> Text,
        courier -> Nullable<Text>,
        service_level -> Nullable<Text>,
        tracking_number -> Nullable<Text>,
        tracking_url -> Nullable<Text>,
        tracking_status -> Nullable<Text>,
        cost_minor -> Int8,
        shipped_at -> Nullable<Timestamptz>,
        delivered_at -> Nullable<Timestamptz>,
        channel_sync -> Text,
        submitted_to_sales_channel_at -> Nullable<Timestamptz>,
        channel_attempts -> Int4,
        channel_notification -> Text,
        voided_at -> Nullable<Timestamptz>,
        tags -> Array<Text>,
        search_text -> Text,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    sign_in_attempts (key_hash) {
        key_hash -> Bytea,
        failures -> Int4,
        last_failure_at -> Timestamptz,
        blocked_until -> Timestamptz,
    }
}

diesel::table! {
    stock (account_id, product_id, warehouse_id) {
        account_id -> Int8,
        product_id -> Int8,
        warehouse_id -> Int8,
        on_hand -> Int4,
        allocated -> Int4,
        backordered -> Bool,
        version -> Int4,
    }
}

diesel::table! {
    stores (account_id, id) {
        account_id -> Int8,
        id -> Int8,
        name -> Text,
        time_zone -> Text,
        currency -> Text,
        version -> Int4,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    transaction_records (account_id, id) {
        account_id -> Int8,
        id -> Int8,
        log_type -> Text,
        status -> Text,
        direction -> Text,
        attempt -> Int4,
        channel_id -> Nullable<Int8>,
        connection_id -> Nullable<Int8>,
        endpoint_id -> Nullable<Int8>,
        order_id -> Nullable<Int8>,
        shipment_id -> Nullable<Int8>,
        job_id -> Nullable<Int8>,
        courier -> Nullable<Text>,
        method -> Text,
        url -> Text,
        request_headers -> Jsonb,
        request_body -> Text,
        response_status -> Nullable<Int4>,
        response_headers -> Jsonb,
        response_body -> Text,
        request_cut -> Bool,
        response_cut -> Bool,
        duration_ms -> Nullable<Int4>,
        error_class -> Nullable<Text>,
        error_code -> Nullable<Text>,
        error_message -> Nullable<Text>,
        trace_id -> Nullable<Text>,
        finished_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    users (id) {
        id -> Int8,
        email -> Text,
        name -> Text,
        password_hash -> Text,
        totp_secret_sealed -> Nullable<Bytea>,
        is_support -> Bool,
        theme -> Text,
        density -> Text,
        shortcuts -> Bool,
        disabled_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    warehouses (account_id, id) {
        account_id -> Int8,
        id -> Int8,
        name -> Text,
        country -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    webhook_deliveries (account_id, id) {
        account_id -> Int8,
        id -> Int8,
        event_id -> Int8,
        endpoint_id -> Int8,
        trigger -> Text,
        state -> Text,
        attempts -> Int4,
        next_attempt_at -> Nullable<Timestamptz>,
        last_status -> Nullable<Int4>,
        last_record_id -> Nullable<Int8>,
        finished_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    webhook_endpoints (account_id, id) {
        account_id -> Int8,
        id -> Int8,
        url -> Text,
        description -> Text,
        events -> Array<Text>,
        secret_sealed -> Bytea,
        previous_secret_sealed -> Nullable<Bytea>,
        previous_secret_until -> Nullable<Timestamptz>,
        state -> Text,
        disabled_reason -> Nullable<Text>,
        failing_since -> Nullable<Timestamptz>,
        consecutive_failures -> Int4,
        version -> Int4,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    webhook_events (account_id, id) {
        account_id -> Int8,
        id -> Int8,
        event_type -> Text,
        cause -> Text,
        order_id -> Nullable<Int8>,
        shipment_id -> Nullable<Int8>,
        payload -> Jsonb,
        trace_id -> Nullable<Text>,
        occurred_at -> Timestamptz,
    }
}

