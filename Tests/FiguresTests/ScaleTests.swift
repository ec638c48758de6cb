import Testing

@testable import Figures

@Suite struct ScaleTests {
    private static func labels(_ ticks: [Tick]) -> [String] {
        ticks.compactMap {
            switch $0.label {
            case .plain(let text): text
            case .power(let exponent): "10^\(exponent)"
            case nil: nil
            }
        }
    }

    @Test(arguments: [
        (0.0...100.0, 5, ["0", "20", "40", "60", "80", "100"]), (-0.31...0.2, 5, ["−0.2", "0.0", "0.2"]),
        (3.0...3.5, 5, ["3.0", "3.1", "3.2", "3.3", "3.4", "3.5"]), (0...7e6, 3, ["0", "5000000"]),
    ])
    func linearTicks(domain: ClosedRange<Double>, count: Int, expected: [String]) {
        #expect(Self.labels(Tick.linear(domain, count: count)) == expected)
    }

    @Test func logarithmicTicks() {
        #expect(Self.labels(Tick.logarithmic(0.5...2000, count: 5)) == ["1", "10", "100", "1000"])
        #expect(Self.labels(Tick.logarithmic(1e-9...1, count: 5)) == ["10^-8", "10^-6", "10^-4", "10^-2", "10^0"])
        #expect(Self.labels(Tick.logarithmic(3...40, count: 5)) == ["5", "10", "20"])
        // Small marks stand at 2 … 9 of each decade.
        #expect(Tick.logarithmic(1...1000, count: 5).count == 28)
    }

    @Test(arguments: [
        (0.0, "0"), (0.123456, "0.123"), (-2.5, "−2.5"), (1230, "1230"), (86.25, "86.2"), (1e5, "10⁵"),
        (1.234e-7, "1.2×10⁻⁷"), (-3e10, "−3×10¹⁰"), (.infinity, "∞"), (100, "100"),
    ])
    func shortNumbers(value: Double, text: String) { #expect(Tick.short(value) == text) }

    @Test func placesFollowTheAxis() throws {
        let linear = Scale(Axis("x", domain: 0...10), fitting: [], from: 100, to: 300)
        #expect(linear.position(0) == 100 && linear.position(10) == 300 && linear.position(2.5) == 150)
        #expect(linear.position(.infinity) == nil && linear.position(.nan) == nil)
        let log = Scale(Axis("x", .log, domain: 1...100), fitting: [1, 100], from: 0, to: 200)
        #expect(abs(try #require(log.position(10)) - 100) < 1e-9)
        #expect(log.position(0) == nil && log.position(-1) == nil)
    }

    @Test func zeroAndInfinityStandBehindBreaks() throws {
        let scale = Scale(Axis("t", .log), fitting: [0, 1, 1000, .infinity], from: 0, to: 100)
        #expect(scale.breaks == [8, 92])
        let places = try [0, 1, 1000, Double.infinity].map { try #require(scale.position($0)) }
        #expect(places == places.sorted())
        #expect(places[0] < 8 && places[1] > 8 && places[2] < 92 && places[3] > 92)
        #expect(Self.labels(scale.ticks(room: 20)) == ["0", "1", "100", "∞"])
    }

    @Test func domainsHoldTheData() {
        for values in [[3.0, 3], [0, 0], [-5, 17.3], [1e-9, 2e-9]] {
            let domain = Scale(Axis("x"), fitting: values, from: 0, to: 1).domain
            #expect(values.allSatisfy { domain.contains($0) } && domain.lowerBound < domain.upperBound)
        }
    }
}
