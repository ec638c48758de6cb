import Compute
import TangentKernels

/// A net of the reference data: its layers, its inputs and what was computed for it.
package struct GoldenCase: Sendable, Decodable, CustomStringConvertible {
    package let id: String
    /// Archive of the inputs.
    package let data: String
    private let spec: [GoldenLayer]

    package var description: String { id }

    /// Names of layers that the net has and the registry has not.
    package var missingLayers: Set<String> {
        Self.names(in: descriptions).subtracting(Layers.all.map { $0.form.name })
    }

    package func architecture() throws -> Architecture {
        var layers: [any Layer] = []
        for description in descriptions {
            layers.append(try Layers.make(description, defaults: LayerDefaults()))
        }
        return Architecture(layers)
    }

    /// The program for `inputs`: images [n, height, width, channels] or vectors [n, d].
    package func program(for inputs: Tensor<Double>) throws -> CovarianceProgram {
        let extents = inputs.shape.dropFirst()
        guard extents.count == 3 else { return try architecture().program(channels: inputs.stride) }
        return try architecture().program(
            height: extents[extents.startIndex], width: extents[extents.startIndex + 1],
            channels: extents[extents.startIndex + 2])
    }

    package func inputs() throws -> NPZArchive { try Golden.archive(data) }
    package func arrays() throws -> NPZArchive { try Golden.archive(id) }

    /// Pairs of equal patches occur: digits, or patches of a few numbers. There the reference has fewer digits.
    package var hasDegeneratePatches: Bool {
        let names = Self.names(in: descriptions)
        return names.contains("conv") && data == "data_img8x8x1"
    }

    /// Whether the net has a layer of that name, at any depth.
    package func contains(_ layer: String) -> Bool { Self.names(in: descriptions).contains(layer) }

    private var descriptions: [LayerDescription] { spec.map(\.description) }

    private static func names(in layers: [LayerDescription]) -> Set<String> {
        layers.reduce(into: []) { names, layer in
            names.insert(layer.name)
            for case .layers(let branch) in layer.values.values { names.formUnion(Self.names(in: branch)) }
        }
    }
}

extension GoldenCase {
    private struct Cases: Decodable {
        let cases: [GoldenCase]
    }

    private struct Extra: Decodable {
        let edge: [GoldenCase]
    }

    /// The nets of `cases.json`; none where the data are absent.
    package static let all = (try? Golden.decode(Cases.self, from: "cases.json").cases) ?? []
    /// Nets whose poolings stand in residual blocks, are cut at the border or meet circular padding.
    package static let pooled =
        (try? Golden.decode(Cases.self, from: "cases.json", in: Golden.pooledNets).cases) ?? []
    /// The edge cases of `extra.json`.
    package static let edge = (try? Golden.decode(Extra.self, from: "extra.json").edge) ?? []
}

extension [GoldenCase] {
    /// The cases all of whose layers exist.
    package var runnable: [GoldenCase] { filter { $0.missingLayers.isEmpty } }

    /// What stands beside a skipped test; nil where nothing is skipped.
    package var skipped: String? {
        let rest = filter { !$0.missingLayers.isEmpty }
        guard !rest.isEmpty else { return nil }
        let names = rest.reduce(into: Set<String>()) { $0.formUnion($1.missingLayers) }.sorted()
        return "\(rest.count) of \(count) cases are skipped: there is no layer \(names.joined(separator: ", "))"
    }
}
