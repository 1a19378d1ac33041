//! The list of faults: an entry each. What a fault does stands where there is a pipeline to do it to.

use super::{FaultSpec, Field, FieldType, Hits, Lasts, Value};

/// Every kind of fault, in the order in which they are listed.
pub const FAULTS: &[FaultSpec] = &[
    FaultSpec {
        name: "worker-crash",
        about: "the next worker that comes to the point with pings in hand dies there, and another takes its place",
        lasts: Lasts::Moment,
        hits: Hits::Pipeline,
        fields: &[
            Field { name: "point", about: "where it dies", what: FieldType::Word(POINTS), default: None },
            Field {
                name: "count",
                about: "how many workers die there, one after the other",
                what: FieldType::Count,
                default: Some(Value::Count(1)),
            },
        ],
    },
    FaultSpec {
        name: "ack-timeout",
        about: "no ack arrives while it lasts: everything that was done comes again after the ack deadline",
        lasts: Lasts::While,
        hits: Hits::Pipeline,
        fields: &[],
    },
    FaultSpec {
        name: "publish-fails",
        about: "a share of publishes fail while it lasts: the strategy is told, and the source delivers those pings again",
        lasts: Lasts::While,
        hits: Hits::Pipeline,
        fields: &[Field {
            name: "share",
            about: "the share",
            what: FieldType::Share,
            default: Some(Value::Share(0.5)),
        }],
    },
    FaultSpec {
        name: "restart",
        about: "the process with all its workers is killed and starts again at once; a store beside it goes on",
        lasts: Lasts::Moment,
        hits: Hits::Pipeline,
        fields: &[Field {
            name: "state",
            about: "whether the strategy finds its own directory as it was, or an empty one",
            what: FieldType::Word(&["kept", "lost"]),
            default: None,
        }],
    },
    FaultSpec {
        name: "workers-added",
        about: "more workers take part; by key, pings change places, and the state of the workers does not move",
        lasts: Lasts::Moment,
        hits: Hits::Pipeline,
        fields: COUNT,
    },
    FaultSpec {
        name: "workers-removed",
        about: "workers end what they have judged and take part no more; by key, pings change places as well",
        lasts: Lasts::Moment,
        hits: Hits::Pipeline,
        fields: COUNT,
    },
    FaultSpec {
        name: "clock-jump",
        about: "the clock jumps ahead and stays there: the server's, or, for an embedded strategy, the one it is shown",
        lasts: Lasts::Moment,
        hits: Hits::Clock,
        fields: &[Field { name: "by", about: "how far", what: FieldType::Time, default: None }],
    },
    FaultSpec {
        name: "store-killed",
        about: "the store's process is killed (SIGKILL) and gone while it lasts; when it is back, it is empty",
        lasts: Lasts::While,
        hits: Hits::Store,
        fields: &[],
    },
    FaultSpec {
        name: "store-unreachable",
        about: "connections to the store are cut, and none can be made, while it lasts; the store goes on",
        lasts: Lasts::While,
        hits: Hits::Store,
        fields: &[],
    },
    FaultSpec {
        name: "store-slow",
        about: "the store answers late while it lasts, so that more time passes between its check and its mark",
        lasts: Lasts::While,
        hits: Hits::Store,
        fields: &[Field {
            name: "delay",
            about: "how much later each answer comes, in virtual time",
            what: FieldType::Time,
            default: None,
        }],
    },
    FaultSpec {
        name: "reply-lost",
        about: "writes are applied, and the connection breaks before their replies arrive",
        lasts: Lasts::While,
        hits: Hits::Store,
        fields: &[Field {
            name: "count",
            about: "how many replies are lost, at most, while it lasts",
            what: FieldType::Count,
            default: Some(Value::Count(1)),
        }],
    },
    FaultSpec {
        name: "eviction",
        about: "the store may use only a share of the memory that it used when it began, and evicts ids to keep to it",
        lasts: Lasts::While,
        hits: Hits::Store,
        fields: &[
            Field {
                name: "share",
                about: "the share",
                what: FieldType::Share,
                default: Some(Value::Share(0.5)),
            },
            Field {
                name: "policy",
                about: "what Redis evicts: what was not used for longest, or what would expire soonest",
                what: FieldType::Word(&["allkeys-lru", "volatile-ttl"]),
                default: Some(Value::Word("allkeys-lru")),
            },
        ],
    },
    FaultSpec {
        name: "primary-failover",
        about: "one primary of the store's cluster is killed, and its replica takes over with what had reached it",
        lasts: Lasts::While,
        hits: Hits::Cluster,
        fields: &[],
    },
];

const COUNT: &[Field] = &[Field {
    name: "count",
    about: "how many; one worker at least stays",
    what: FieldType::Count,
    default: Some(Value::Count(1)),
}];

const POINTS: &[&str] = &["before-judge", "before-publish", "before-settle", "before-ack"];
