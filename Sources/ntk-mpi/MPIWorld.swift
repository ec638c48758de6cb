import CMPI

/// All ranks of this program. Its calls are made from the thread that made it, by all ranks in the same order.
final class MPIWorld {
    let rank: Int
    let size: Int

    /// The most numbers that one call may carry: counts have 32 bits.
    private static let largestCount = 1 << 30

    init() throws {
        var level: Int32 = 0
        try Self.check(MPI_Init_thread(nil, nil, Int32(MPI_THREAD_FUNNELED), &level), "MPI_Init_thread")
        var (rank, size): (Int32, Int32) = (0, 0)
        try Self.check(MPI_Comm_rank(ntk_mpi_world(), &rank), "MPI_Comm_rank")
        try Self.check(MPI_Comm_size(ntk_mpi_world(), &size), "MPI_Comm_size")
        self.rank = Int(rank)
        self.size = Int(size)
    }

    /// The last call of every rank.
    func finish() { MPI_Finalize() }

    /// Ends all ranks at once, because one of them cannot go on.
    func abort(_ code: Int32) -> Never {
        MPI_Abort(ntk_mpi_world(), code)
        fatalError("MPI_Abort came back")
    }

    func wait() throws { try Self.check(MPI_Barrier(ntk_mpi_world()), "MPI_Barrier") }

    /// Adds up the numbers of all ranks, place by place; every rank gets the sums.
    func sum(_ numbers: UnsafeMutablePointer<Double>, count: Int) throws {
        for start in stride(from: 0, to: count, by: Self.largestCount) {
            try Self.check(
                MPI_Allreduce(
                    ntk_mpi_in_place(), numbers + start, Int32(min(Self.largestCount, count - start)),
                    ntk_mpi_double(), ntk_mpi_sum(), ntk_mpi_world()), "MPI_Allreduce")
        }
    }

    /// The largest of the numbers of all ranks.
    func largest(_ number: Double) throws -> Double {
        var result = number
        try Self.check(
            MPI_Allreduce(ntk_mpi_in_place(), &result, 1, ntk_mpi_double(), ntk_mpi_max(), ntk_mpi_world()),
            "MPI_Allreduce")
        return result
    }

    /// Puts the parts of all ranks one behind the other; every rank gets all.
    /// - Parameters:
    ///   - part: of this rank.
    ///   - counts: numbers of each rank's part.
    func gather(_ part: [Double], counts: [Int]) throws -> [Double] {
        precondition(counts.count == size && counts[rank] == part.count, "parts of \(counts) from \(part.count)")
        let total = counts.reduce(0, +)
        guard total < 1 << 31 else {
            throw MPIError("\(total) numbers are too many for one MPI call; use fewer at a time")
        }
        var offsets: [Int32] = []
        var offset = 0
        for count in counts {
            offsets.append(Int32(offset))
            offset += count
        }
        var result = [Double](repeating: 0, count: total)
        try Self.check(
            MPI_Allgatherv(
                part, Int32(part.count), ntk_mpi_double(), &result, counts.map { Int32($0) }, offsets,
                ntk_mpi_double(), ntk_mpi_world()), "MPI_Allgatherv")
        return result
    }

    private static func check(_ status: Int32, _ call: String) throws {
        if status != MPI_SUCCESS { throw MPIError("\(call) failed with status \(status)") }
    }
}

/// Why a distributed solve cannot be done. One sentence.
struct MPIError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
