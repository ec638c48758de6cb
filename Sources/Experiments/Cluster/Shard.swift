/// Part `index` of `count` equal parts of some work: what one task of an array does.
package struct Shard: Sendable, Equatable, CustomStringConvertible {
    package let index: Int
    package let count: Int

    /// All of the work.
    package static let whole = Shard(index: 0, count: 1)

    package init(index: Int, count: Int) {
        precondition(count > 0 && (0..<count).contains(index), "shard \(index) of \(count)")
        self.index = index
        self.count = count
    }

    package var description: String { "\(index)/\(count)" }

    /// `2/8`, counted from 0.
    package init(_ text: String) throws(ShardError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let index = parts[0], let count = parts[1] else {
            throw ShardError("--shard must read i/n with i from 0 to n - 1, for example 0/8, found '\(text)'")
        }
        try self.init(checked: index, of: count, "--shard \(text)")
    }

    /// What the environment of a queue says; all of the work where there is none.
    ///
    /// Inside an array task Slurm sets the variables of a job step too, and inside `mpirun` under Slurm both sets are
    /// there: the narrower one counts, so arrays come first, then MPI, then job steps. `NTK_SHARDS` is the count
    /// wherever the queue does not know it, or counts only the tasks that were submitted again.
    package init(environment: [String: String]) throws(ShardError) {
        for source in Self.sources {
            guard let text = environment[source.index], !text.isEmpty, text != "undefined" else { continue }
            guard let index = Int(text) else {
                throw ShardError("the environment variable \(source.index) must be a whole number, found '\(text)'")
            }
            let known = environment["NTK_SHARDS"] ?? source.count.flatMap { environment[$0] }
            guard let count = known.flatMap({ Int($0) }), count > 0 else {
                throw ShardError(
                    "\(source.index) is \(index), but nothing says of how many; set NTK_SHARDS, or give --shard i/n")
            }
            // Without a count of ours, the smallest index of the array is the first shard.
            let first =
                environment["NTK_SHARDS"] == nil
                ? source.first.flatMap { environment[$0] }.flatMap { Int($0) } ?? source.base : source.base
            try self.init(checked: index - first, of: count, "\(source.index)=\(index)")
            return
        }
        self = .whole
    }

    private init(checked index: Int, of count: Int, _ source: String) throws(ShardError) {
        guard count > 0, (0..<count).contains(index) else {
            throw ShardError("\(source) is no shard: there are \(count), counted from 0")
        }
        self.init(index: index, count: count)
    }

    /// Where a queue says which task this is.
    private struct Source {
        let index: String
        var count: String?
        /// Variable of the smallest index.
        var first: String?
        /// Index of the first task.
        var base = 0
    }

    private static let sources = [
        Source(index: "SLURM_ARRAY_TASK_ID", count: "SLURM_ARRAY_TASK_COUNT", first: "SLURM_ARRAY_TASK_MIN"),
        Source(index: "OMPI_COMM_WORLD_RANK", count: "OMPI_COMM_WORLD_SIZE"),
        Source(index: "PMIX_RANK", count: "SLURM_NTASKS"),
        Source(index: "JOB_COMPLETION_INDEX"),
        Source(index: "PBS_ARRAY_INDEX"),
        Source(index: "SGE_TASK_ID", count: "SGE_TASK_LAST", base: 1),
        Source(index: "SLURM_PROCID", count: "SLURM_NTASKS"),
    ]
}

/// Why it is not known which part of the work is wanted. One sentence.
package struct ShardError: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
