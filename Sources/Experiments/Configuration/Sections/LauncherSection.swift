/// `launcher`: where `ntk submit` sends the work of a configuration, with the names that submitit's keys have.
package struct LauncherSection: Section {
    package enum Engine: String, Choice {
        case local, slurm
    }

    package var engine = Engine.local
    /// Tasks among which the tiles of a Gram matrix are shared out.
    package var shards = 8
    /// Tasks of an array at a time; nil for all.
    package var arrayParallelism: Int?
    package var timeoutMin = 120
    package var gpusPerTask = 0
    package var cpusPerTask = 4
    /// GiB; nil for the queue's default.
    package var memGB: Int?
    package var partition: String?
    package var account: String?
    package var qos: String?
    package var constraint: String?
    /// Seconds before the time limit at which a task is told to stop.
    package var signalDelayS = 120
    /// How often a task that ran out of time is queued again.
    package var maxNumTimeout = 3
    /// Lines of the scripts before the program starts.
    package var setup: [String] = []
    /// Further options of sbatch: `{reservation: night}`.
    package var additionalParameters: [PlainValue.Member] = []

    package init() {}

    static let keys: [Key<Self>] = [
        Key("engine", \.engine, .choice(), "local | slurm"),
        Key("shards", \.shards, .integer(atLeast: 1), "tasks that share the tiles of a Gram matrix"),
        Key(
            "array_parallelism", \.arrayParallelism, Kind.integer(atLeast: 1).orWord("all"),
            "tasks of an array at a time"),
        Key("timeout_min", \.timeoutMin, .integer(atLeast: 1), "minutes that a task may take at a time"),
        Key("gpus_per_task", \.gpusPerTask, .integer(atLeast: 0), "GPUs of a task"),
        Key("cpus_per_task", \.cpusPerTask, .integer(atLeast: 1), "cores of a task"),
        Key("mem_gb", \.memGB, Kind.integer(atLeast: 1).orWord("default"), "GiB of memory of a task"),
        Key("partition", \.partition, Kind.text.orWord("null"), "the queue"),
        Key("account", \.account, Kind.text.orWord("null"), "who pays"),
        Key("qos", \.qos, Kind.text.orWord("null"), "quality of service"),
        Key("constraint", \.constraint, Kind.text.orWord("null"), "features that nodes must have"),
        Key(
            "signal_delay_s", \.signalDelayS, .integer(atLeast: 1),
            "seconds before the time limit at which a task is told to stop"),
        Key(
            "max_num_timeout", \.maxNumTimeout, .integer(atLeast: 0),
            "how often a task that ran out of time is queued again"),
        Key("setup", \.setup, Kind.text.list(of: "lines"), "lines of the scripts before the program starts"),
        Key(
            "additional_parameters", \.additionalParameters, .options,
            "further options of sbatch, for example {reservation: night}"),
    ]

    mutating func complete(at path: String, _ reading: inout Reading) {
        if signalDelayS >= timeoutMin * 60 {
            reading.note(
                "\(signalDelayS) s before the end is before the beginning of \(timeoutMin) min; lower it or raise "
                    + "timeout_min", at: "\(path).signal_delay_s")
        }
        for line in setup where line.contains(where: \.isNewline) {
            reading.note("a line must not hold a line break; write several", at: "\(path).setup")
        }
    }
}

extension Kind where Value == [PlainValue.Member] {
    /// `{reservation: night, nice: 100}`: names with a text, a number or nothing each.
    fileprivate static let options = Kind(
        expectation: "a map of options",
        schema: .object([
            "type": .text("object"),
            "additionalProperties": .object(["type": .list([.text("string"), .text("number")])]),
        ]),
        read: { node, reading in
            guard case .mapping(let entries) = node.value,
                entries.allSatisfy({ $0.value.text.map { !$0.contains(where: \.isNewline) } ?? false })
            else {
                reading.mismatch(node, "a map of options")
                return nil
            }
            return entries.map { .init($0.key, $0.value.plain) }
        },
        write: { .map($0) })
}
