import Foundation

/// What a run was computed with: `manifest.json`.
package struct Manifest: Codable, Sendable, Equatable {
    package struct Device: Codable, Sendable, Equatable {
        package var backend: String
        package var index: Int
        package var name: String
        package var driver: String

        package init(backend: String, index: Int, name: String, driver: String) {
            self.backend = backend
            self.index = index
            self.name = name
            self.driver = driver
        }
    }

    package var version = ""
    package var commit = ""
    package var devices: [Device] = []
    /// Numbers of `train` and `test` points; nil in folders of versions that did not say.
    package var points: [String: Int]?
    package var seeds: [String: Int] = [:]
    /// Seconds per stage.
    package var seconds: [String: Double] = [:]
    /// Seconds that an attack takes for one step of one point, by attack and radius; nil in folders of versions that
    /// did not say. Of those that this process ran.
    package var secondsPerStepAndPoint: [String: Double]?
    /// Bytes.
    package var peakMemory = 0
    /// Numerical repairs such as jitter, one sentence each.
    package var repairs: [String] = []
    /// SHA256 of each file that was read, by name.
    package var data: [String: String]

    package init(data: [String: String] = [:]) { self.data = data }
}

/// How far a run is: `status.json`.
package struct RunStatus: Codable, Sendable, Equatable {
    package enum State: String, Codable, Sendable {
        case running, done, failed, interrupted
    }

    package var state: State
    package var stage: String
    package var tilesDone: Int
    package var tilesTotal: Int
    /// Why it failed.
    package var message: String?

    package init(_ state: State, stage: String, tilesDone: Int = 0, tilesTotal: Int = 0, message: String? = nil) {
        self.state = state
        self.stage = stage
        self.tilesDone = tilesDone
        self.tilesTotal = tilesTotal
        self.message = message
    }
}

extension RunFolder {
    package func write(_ manifest: Manifest) throws(RunFolderError) { try write(json: manifest, to: "manifest.json") }

    package func manifest() throws(RunFolderError) -> Manifest {
        try read(json: Manifest.self, from: "manifest.json") ?? Manifest()
    }

    package func write(_ status: RunStatus) throws(RunFolderError) { try write(json: status, to: "status.json") }

    package func status() throws(RunFolderError) -> RunStatus? { try read(json: RunStatus.self, from: "status.json") }

    func write(json value: some Encodable, to name: String) throws(RunFolderError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        let bytes: Data
        do {
            bytes = try encoder.encode(value)
        } catch {
            throw RunFolderError(.inaccessible, "'\(path)/\(name)' cannot be encoded: \(error)")
        }
        try write(bytes + Data("\n".utf8), to: name)
    }

    func read<Value: Decodable>(json type: Value.Type, from name: String) throws(RunFolderError) -> Value? {
        guard let bytes = try read(name) else { return nil }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        do {
            return try decoder.decode(type, from: bytes)
        } catch {
            throw RunFolderError(
                .inaccessible, "'\(path)/\(name)' is damaged; remove the folder or restore the file")
        }
    }
}
