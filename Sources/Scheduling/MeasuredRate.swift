/// Pairs per second of a worker. The latest measurements count most; the first one, which may hold the build of
/// programs, counts only until there is a second.
struct MeasuredRate {
    private var count = 0
    /// nil before the first measurement.
    private(set) var value: Double?

    mutating func add(_ rate: Double) {
        count += 1
        value = count <= 2 ? rate : ((value ?? rate) + rate) / 2
    }
}
