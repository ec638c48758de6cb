extension CovarianceProgram.Input {
    /// The unit vector along which inputs are split before their products are formed: numbers near 1/√d, so that the
    /// mean of an image leaves with it.
    ///
    /// It is not quite constant because images have constant backgrounds, of which the rest would be constant too: a
    /// sum of hundreds of equal products rounds every time in the same direction. Multiples of the golden ratio modulo
    /// 1 have no pattern that an image could share.
    package var direction: [Double] {
        let numbers = (0..<count).map { k -> Double in
            let multiple = Double(k) * 0.618_033_988_749_894_8
            return 1 + Self.spread * (2 * (multiple - multiple.rounded(.down)) - 1)
        }
        let norm = numbers.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return numbers.map { $0 / norm }
    }

    /// Relative deviations from a constant: 0.01 to 0.2 do equally well.
    private static var spread: Double { 0.0625 }
}
