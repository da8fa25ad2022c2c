"""What the demo sells."""

from .rows import ml

# Group → what it sells, and in which kinds.
WARES: dict[str, tuple[list[dict[str, str]], list[dict[str, str]]]] = {
    "10101": (
        [
            ml("Apples", "Ябълки"), ml("Pineapples", "Ананаси"), ml("Grapes", "Грозде"), ml("Pears", "Круши"),
            ml("Cherries", "Череши"), ml("Peaches", "Праскови"), ml("Plums", "Сливи"), ml("Oranges", "Портокали"),
            ml("Lemons", "Лимони"), ml("Bananas", "Банани"),
        ],
        [
            ml("first class", "първо качество"), ml("second class", "второ качество"), ml("organic", "био"),
            ml("in crates", "в каси"), ml("in nets", "в мрежи"), ml("dried", "сушени"), ml("frozen", "замразени"),
            ml("for juice", "за сок"), ml("selected", "подбрани"),
        ],
    ),
    "10102": (
        [
            ml("Tomatoes", "Домати"), ml("Cucumbers", "Краставици"), ml("Peppers", "Чушки"), ml("Onions", "Лук"),
            ml("Potatoes", "Картофи"), ml("Carrots", "Моркови"), ml("Cabbage", "Зеле"), ml("Beans", "Фасул"),
            ml("Spinach", "Спанак"), ml("Garlic", "Чесън"),
        ],
        [
            ml("first class", "първо качество"), ml("second class", "второ качество"), ml("organic", "био"),
            ml("in crates", "в каси"), ml("in nets", "в мрежи"), ml("greenhouse", "оранжерийни"),
            ml("frozen", "замразени"), ml("pickled", "туршия"), ml("selected", "подбрани"),
        ],
    ),
    "10201": (
        [
            ml("Apple juice", "Сок от ябълка"), ml("Orange juice", "Сок от портокал"),
            ml("Grape juice", "Сок от грозде"),
            ml("Tomato juice", "Доматен сок"), ml("Peach nectar", "Нектар от праскова"), ml("Lemonade", "Лимонада"),
            ml("Aronia juice", "Сок от арония"), ml("Cherry nectar", "Нектар от череша"),
        ],
        [
            ml("0.2 l", "0,2 л"), ml("0.25 l glass", "0,25 л стъкло"), ml("0.5 l", "0,5 л"), ml("1 l", "1 л"),
            ml("1.5 l", "1,5 л"), ml("3 l", "3 л"), ml("organic 1 l", "био 1 л"), ml("concentrate", "концентрат"),
        ],
    ),
    "20101": (
        [
            ml("Pot", "Тенджера"), ml("Pan", "Тиган"), ml("Saucepan", "Касерола"), ml("Baking tray", "Тава"),
            ml("Kettle", "Чайник"), ml("Lid", "Капак"), ml("Pressure cooker", "Тенджера под налягане"),
            ml("Wok", "Уок"), ml("Grill", "Грил"), ml("Casserole", "Гювеч"),
        ],
        [
            ml("model 001", "модел 001"), ml("model 002", "модел 002"), ml("18 cm", "18 см"), ml("20 cm", "20 см"),
            ml("24 cm", "24 см"), ml("28 cm", "28 см"), ml("enamel", "емайл"), ml("steel", "стомана"),
            ml("cast iron", "чугун"), ml("ceramic", "керамика"), ml("induction", "индукция"),
        ],
    ),
    "20102": (
        [
            ml("Plate", "Чиния"), ml("Soup bowl", "Супник"), ml("Cup", "Чаша"), ml("Saucer", "Чинийка"),
            ml("Glass", "Стъклена чаша"), ml("Fork", "Вилица"), ml("Knife", "Нож"), ml("Spoon", "Лъжица"),
            ml("Carafe", "Гарафа"), ml("Napkin holder", "Салфетник"), ml("Tablecloth", "Покривка"),
        ],
        [
            ml("white", "бяла серия"), ml("blue", "синя серия"), ml("classic", "класик"), ml("modern", "модерн"),
            ml("hotel", "хотел"), ml("kids", "детска серия"), ml("gold rim", "златен кант"),
            ml("set of 6", "комплект от 6"),
            ml("set of 12", "комплект от 12"), ml("“Troyan”", "„Троян“"),
        ],
    ),
    "45001": (
        [
            ml("Courier", "Куриер"), ml("Pallet transport", "Палетен транспорт"),
            ml("Cold transport", "Хладилен транспорт"),
            ml("Express delivery", "Експресна доставка"), ml("Storage", "Съхранение"),
        ],
        [
            ml("in the city", "в града"), ml("in the country", "в страната"), ml("in the EU", "в ЕС"),
            ml("outside the EU", "извън ЕС"), ml("at night", "нощем"), ml("on Sundays", "в неделя"),
            ml("insured", "със застраховка"), ml("by appointment", "по уговорка"),
        ],
    ),
}  # fmt: skip
