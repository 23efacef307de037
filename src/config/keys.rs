//! The table of configuration keys.

/// One configuration key: its name in the environment (in the file: lower case without
/// `DENGWEN_`), its default, and what it means. `docs/configuration.md` is made of this table.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Name in the environment.
    pub name: &'static str,
    /// The value when nothing is said; empty when there is none.
    pub default: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

/// Every key there is.
pub const KEYS: &[Key] = &[
    Key {
        name: "DENGWEN_MODE",
        default: "development",
        meaning: "`development` or `production`. Production refuses missing secrets, the logging SMS gateway and a switched-off rate limit.",
    },
    Key {
        name: "DENGWEN_DATABASE_URL",
        default: "sqlite://./data/dengwen.db",
        meaning: "`sqlite://PATH` (created on first start) or `postgres://USER:PASSWORD@HOST/NAME`. Several hosts (`HOST1,HOST2`) lead to the one that takes writes. A PostgreSQL on another host wants a build with `--features postgres-tls`, or `sslmode=disable` where the network in between is trusted; see `docs/postgres.md`. Unless the URL says otherwise: `connect_timeout=5`, `tcp_user_timeout=10000` (ms), keepalives after 10 s.",
    },
    Key {
        name: "DENGWEN_DATABASE_CONNECTIONS",
        default: "8",
        meaning: "Pooled connections at most.",
    },
    Key {
        name: "DENGWEN_LISTEN",
        default: "127.0.0.1:8080",
        meaning: "Address and port to listen on; port 0 takes a free one.",
    },
    Key {
        name: "DENGWEN_DATA_DIR",
        default: "./data",
        meaning: "Folder for blobs and, in development, for the secret made on first start.",
    },
    Key {
        name: "DENGWEN_BLOB_URL",
        default: "",
        meaning: "`file://FOLDER` or `s3://BUCKET`; unset: `DATA_DIR/blobs`. A bucket goes by `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT`, `AWS_ALLOW_HTTP` and the like. Authorities are the system's, or those in `SSL_CERT_FILE` and `SSL_CERT_DIR`; HTTP proxies are not used.",
    },
    Key {
        name: "DENGWEN_SECRET_KEY",
        default: "",
        meaning: "Base64 of 32 random bytes: the root of all keys. Made on first start in development, required in production. Losing it loses the reporters' sealed identities.",
    },
    Key {
        name: "DENGWEN_SECRET_KEY_OLD",
        default: "",
        meaning: "Former secret keys, separated by commas, newest first: they still open until `dengwen keys rotate` has sealed everything anew.",
    },
    Key {
        name: "DENGWEN_DISTRICT",
        default: "",
        meaning: "Folder of a district profile; unset: the built-in profile of 鼓楼区.",
    },
    Key {
        name: "DENGWEN_MODEL",
        default: "",
        meaning: "Model file for matching, as written by `dengwen match train`; unset: the district profile's.",
    },
    Key {
        name: "DENGWEN_RATE_LIMIT",
        default: "on",
        meaning: "`on` or `off`; `off` is for load tests and refused in production.",
    },
    Key {
        name: "DENGWEN_SUBMITS_PER_HOUR",
        default: "60",
        meaning: "Complaints and photos one address or resident may send in an hour; as many questions for similar matters beside them, and as many finds a member of staff.",
    },
    Key {
        name: "DENGWEN_UNKNOWN_CODES_PER_HOUR",
        default: "20",
        meaning: "Unknown tracking codes one address may try in an hour.",
    },
    Key {
        name: "DENGWEN_SIGN_INS_PER_HOUR",
        default: "20",
        meaning: "Failed sign-ins of one user name (or phone) from one address in an hour; five times as many from one address by any name, ten times as many of one user name from anywhere. Of the second factor of one account ten at most, from devices it never signed in from. As many phone codes and refused refreshes, each for one address or phone.",
    },
    Key {
        name: "DENGWEN_TOTP_ROLES",
        default: "",
        meaning: "Roles that must sign in with a second factor (TOTP), separated by commas, as in `admin,office,brigade`; others may. Until it is set up, their sessions open nothing else.",
    },
    Key {
        name: "DENGWEN_SMS_GATEWAY",
        default: "log",
        meaning: "`log` writes text messages to the log, and whoever reads it counts as told; refused in production. `webhook` sends them to `DENGWEN_NOTICE_WEBHOOK_URL`; see `docs/notices.md`. `none` sends none: sign-in by phone answers 503, and staff tell reporters themselves.",
    },
    Key {
        name: "DENGWEN_NOTICE_WEBHOOK_URL",
        default: "",
        meaning: "Where `webhook` sends messages: `https://…`, or `http://` to this host. Authorities as for a bucket.",
    },
    Key {
        name: "DENGWEN_NOTICE_WEBHOOK_SECRET",
        default: "",
        meaning: "What messages to the webhook and its receipts are signed with: 32 letters or more, such as `openssl rand -base64 32` prints. Both sides keep it.",
    },
    Key {
        name: "DENGWEN_TRUST_PROXY",
        default: "off",
        meaning: "`on` takes the client's address from `X-Forwarded-For` (or from `Forwarded` where only that comes), `forwarded` from `Forwarded` (RFC 7239) alone; only behind a proxy of yours that writes that header. See `docs/proxies.md`.",
    },
    Key {
        name: "DENGWEN_TRUSTED_HOPS",
        default: "1",
        meaning: "How many proxies of yours stand before the server, each of which appends one entry: the client is the entry at that place from the end.",
    },
    Key {
        name: "DENGWEN_CORS_ORIGINS",
        default: "",
        meaning: "Sites whose scripts may call, as `https://app.example.cn, https://desk.example.cn:8443`; unset: none but our own. There is no wildcard.",
    },
    Key {
        name: "DENGWEN_CONNECTIONS_PER_ADDRESS",
        default: "256",
        meaning: "Open connections one address may hold (of an IPv6 /48 four times as many); `0` is no bound. Not counted behind a proxy, which has its own.",
    },
    Key {
        name: "DENGWEN_HEADER_SECONDS",
        default: "15",
        meaning: "Seconds a request's head may take to arrive, on a connection's first request and, from the end of the answer before, on every later one.",
    },
    Key {
        name: "DENGWEN_PHOTO_WORKERS",
        default: "2",
        meaning: "Photos decoded at the same time, each in a process of its own: about 60 MB in ordinary use, never more than 480 MB.",
    },
    Key {
        name: "DENGWEN_UPLOAD_MEMORY_MB",
        default: "512",
        meaning: "Megabytes all uploads together may hold in memory; beyond it a request is answered 503 with `Retry-After`. One sender holds at most half of it (in a smaller room one full submission, nine photos of 25 MB, and never all). At least 256.",
    },
    Key {
        name: "DENGWEN_LOG",
        default: "info",
        meaning: "Log filter: levels (`off`, `error`, `warn`, `info`, `debug`, `trace`) and `TARGET=LEVEL` for a module of the program, separated by commas, as in `info,dengwen=debug`.",
    },
];
