/// How far arrays of numbers are from each other.
package enum Distance {
    /// Largest difference, relative to the largest number of `reference`; infinite where a number is not finite.
    package static func relative(_ found: [Double], to reference: [Double]) -> Double {
        precondition(found.count == reference.count, "\(found.count) numbers compared with \(reference.count)")
        let scale = reference.reduce(0) { max($0, abs($1)) }
        let difference = absolute(found, reference)
        return scale > 0 ? difference / scale : difference
    }

    /// Largest difference; infinite where a number is not finite.
    package static func absolute(_ a: [Double], _ b: [Double]) -> Double {
        zip(a, b).reduce(0) { largest, pair in
            let difference = abs(pair.0 - pair.1)
            return difference.isFinite ? max(largest, difference) : .infinity
        }
    }
}
