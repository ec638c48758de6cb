import Compute
import Datasets
import Storage

/// What a Gram matrix was made from: two matrices of the same origin are the same.
package struct GramOrigin: Sendable {
    /// The attributes of the tile store.
    package let attributes: [String: String]

    /// - Complexity: O(n · d) for the digest of the training inputs.
    package init(_ configuration: Configuration, _ dataset: Dataset, _ version: BuildVersion) throws(StorageError) {
        let inputs = dataset.trainInputs
        let digest = try SHA256()
        inputs.elements.withUnsafeBytes { digest.update($0) }
        attributes = [
            "inputs_sha256": try digest.finish(),
            "inputs_shape": inputs.shape.map(String.init).joined(separator: ","),
            "model": configuration.model.written.identity.json,
            "precision": configuration.compute.precision.rawValue,
            "version": version.version,
            "commit": version.commit,
        ]
    }
}
