/// What is drawn along one side of a chart.
package struct Axis: Sendable, Equatable {
    package enum Kind: Sendable {
        case linear
        /// Zero and infinity have places of their own, behind a break of the axis.
        case log
    }

    /// With its unit.
    package var title: String
    package var kind: Kind
    /// Ends of the axis; nil for those of the data, rounded outwards.
    package var domain: ClosedRange<Double>?

    package init(_ title: String, _ kind: Kind = .linear, domain: ClosedRange<Double>? = nil) {
        self.title = title
        self.kind = kind
        self.domain = domain
    }

    /// A share in percent, always with 0 and 100.
    package static func percent(_ title: String) -> Axis { Axis(title + " (%)", domain: 0...100) }
}
