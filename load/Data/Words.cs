using System.Text;

namespace Rag.Load.Data;

/// <summary>Passages of plain words of customer care, so that a text takes as long to embed as a real one.</summary>
internal static class Words
{
    private static readonly string[] All =
        ("account address agent answer battery bill billing cable call camera cancel card carrier change charge check "
        + "claim code colour company confirm contact contract cost country coupon credit customer damage date day delay "
        + "deliver delivery deposit device discount display door driver email error exchange fee form help home hour "
        + "house insurance invoice issue item key label letter light limit line list loan lock login lost machine mail "
        + "manager map message meter mistake model money month name network note notice number offer office open option "
        + "order package parcel part password pay payment people period phone picture place plan point policy post power "
        + "price print problem process product proof question rate reason receipt refund region repair replace report "
        + "request reset return review room rule safe sale screen seller send serial service set ship shop sign size "
        + "small speed start state status stock store street support switch system tariff tax team term ticket time tool "
        + "track transfer travel trial update upgrade user value van version visit voucher warranty water week window "
        + "work year zone").Split(' ');

    /// <summary>Some words in sentences of about twelve.</summary>
    public static string Passage(SeededValues values, int words)
    {
        var text = new StringBuilder(words * 8);
        for (var i = 0; i < words; i++)
        {
            var word = All[(int)(values.Next() % (ulong)All.Length)];
            if (i > 0)
                text.Append(i % 12 == 0 ? ". " : " ");
            text.Append(i % 12 == 0 ? char.ToUpperInvariant(word[0]) : word[0]).Append(word, 1, word.Length - 1);
        }

        return text.Append('.').ToString();
    }
}
