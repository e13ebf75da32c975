import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.tika.extractor.EmbeddedDocumentExtractor;
import org.apache.tika.extractor.ParsingEmbeddedDocumentExtractor;
import org.apache.tika.metadata.Metadata;
import org.apache.tika.metadata.TikaCoreProperties;
import org.apache.tika.parser.AutoDetectParser;
import org.apache.tika.parser.ParseContext;
import org.apache.tika.parser.Parser;
import org.apache.tika.parser.ocr.TesseractOCRConfig;
import org.apache.tika.sax.BodyContentHandler;

/** Reads every file of a folder with Apache Tika, and writes the text of each, with that of what is inside it, into another, without OCR. */
public class Read {
  public static void main(String[] args) throws Exception {
    Path from = Path.of(args[0]);
    Path to = Path.of(args[1]);
    List<Path> files;
    try (Stream<Path> walk = Files.walk(from)) {
      files = walk.filter(Files::isRegularFile).sorted().collect(Collectors.toList());
    }
    ExecutorService one = Executors.newCachedThreadPool(r -> {
      Thread t = new Thread(r);
      t.setDaemon(true);
      return t;
    });
    for (Path file : files) {
      Path out = to.resolve(from.relativize(file) + ".txt");
      Files.createDirectories(out.getParent());
      Future<String> text = one.submit(() -> text(file));
      try {
        Files.writeString(out, text.get(60, TimeUnit.SECONDS));
      } catch (Exception e) {
        System.err.println(from.relativize(file) + ": " + (e.getCause() == null ? e : e.getCause()));
      }
    }
  }

  private static String text(Path file) throws Exception {
    AutoDetectParser parser = new AutoDetectParser();
    ParseContext context = new ParseContext();
    context.set(Parser.class, parser);
    TesseractOCRConfig off = new TesseractOCRConfig();
    off.setSkipOcr(true);
    context.set(TesseractOCRConfig.class, off);
    ParsingEmbeddedDocumentExtractor inside = new ParsingEmbeddedDocumentExtractor(context);
    inside.setWriteFileNameToContent(false); // names that Tika gives to what is inside are no text
    context.set(EmbeddedDocumentExtractor.class, inside);
    Metadata metadata = new Metadata();
    metadata.set(TikaCoreProperties.RESOURCE_NAME_KEY, file.getFileName().toString());
    BodyContentHandler handler = new BodyContentHandler(-1);
    try (InputStream in = Files.newInputStream(file)) {
      parser.parse(in, handler, metadata, context);
    }
    return handler.toString();
  }
}
