import ArgumentParser
import Datasets
import Experiments

struct DataCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "Known data sets: where they are, whether they are whole, how to get them.",
        discussion: "Example: ntk data list",
        subcommands: [List.self, Verify.self, Fetch.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the known data sets and where they were found.",
            discussion: "Example: NTK_DATA=~/datasets ntk data list")

        func run() async throws {
            let locator = DatasetLocator()
            var rows = [["data set", "edition", "files", "folder"]]
            for description in DatasetRegistry.standard.descriptions {
                let found = locator.availability(of: description.name)
                for (edition, folder) in found {
                    rows.append([description.name.rawValue, edition.name, "\(edition.files.count)", folder])
                }
                if found.isEmpty { rows.append([description.name.rawValue, "-", "-", description.advice]) }
            }
            print(TextTable.render(rows))
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compare a data set's files with the published checksums.",
            discussion: "Example: ntk data verify fashion-mnist")

        @Argument(help: "fashion-mnist, mnist or cifar10.")
        var name: String

        func run() async throws {
            try await Failure.report {
                let files = try DatasetLocator().verify(try dataset(name))
                for file in files {
                    switch file.status {
                    case .ok: print("ok       \(file.path ?? file.name)  \(file.sha256 ?? "")")
                    case .missing: print("missing  \(file.name)")
                    case .damaged(let reason): print("damaged  \(reason)")
                    }
                }
                let bad = files.count { $0.status != .ok }
                guard bad == 0 else {
                    throw DatasetError(
                        .damaged,
                        "\(bad) of \(files.count) files of \(name) are missing or damaged; run ntk data fetch \(name)")
                }
            }
        }
    }

    struct Fetch: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Download a data set and check it; an interrupted download goes on.",
            discussion: "Example: ntk data fetch mnist")

        @Argument(help: "fashion-mnist, mnist or cifar10.")
        var name: String

        func run() async throws {
            try await Failure.report {
                let dataset = try dataset(name)
                let paths = try await Interruption.guarding {
                    try await DatasetFetcher(locator: DatasetLocator()).fetch(dataset) { file, done, total in
                        let size = total.map { " of \($0 >> 10)" } ?? ""
                        Terminal.error.progress("\(file): \(done >> 10)\(size) KiB")
                    }
                }
                Terminal.error.endProgress()
                for path in paths { print(path) }
            }
        }
    }
}

private func dataset(_ name: String) throws -> DatasetName {
    guard let dataset = DatasetName(rawValue: name), dataset != .npy else {
        let known = DatasetRegistry.standard.descriptions.map(\.name.rawValue)
        throw UsageError(
            "there is no data set '\(name)'; there are \(known.joined(separator: ", "))"
                + Suggestion.clause(for: name, in: known))
    }
    return dataset
}
