import Figures
import Foundation
import Storage

/// The report of a run, made from its folder alone: `report.html`, and each figure as `.svg`, `.vl.json` and, where it
/// has panels of images, `.png` in `figures/`.
package struct Report {
    private let contents: RunContents

    /// - Parameter isFinished: whether the run is at its end, though its status does not say so yet.
    /// - Throws: `RunFolderError` where the folder is damaged.
    package init(_ folder: RunFolder, isFinished: Bool = false) throws(RunFolderError) {
        contents = try RunContents(folder, isFinished: isFinished)
    }

    /// Path of the page.
    package var path: String { contents.folder.path + "/report.html" }

    /// Writes the figures and the page; those that were there are replaced.
    /// - Throws: `RunFolderError` where a file cannot be written, `StorageError` where an array is damaged.
    package func write() throws {
        let figures = try ReportFigures(contents: contents).all()
        let folder = contents.folder
        if !figures.isEmpty { try Folder.make(folder.path + "/figures") }
        for part in ["", "/figures"] { AtomicFile.removeLeftovers(in: folder.path + part) }
        for figure in figures {
            let stem = "figures/" + figure.name
            try folder.write(Data(figure.document.utf8), to: stem + ".svg")
            try folder.write(figure.vegaLite.bytes, to: stem + ".vl.json")
            if let panels = figure.content.panels { try folder.write(panels.png, to: stem + ".png") }
        }
        // The page comes last: one that is there has its figures beside it.
        try folder.write(Data(ReportPage(contents: contents, figures: figures).document.utf8), to: "report.html")
    }
}
